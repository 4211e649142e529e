"""Performance against a benchmark: alpha, beta, capture, tracking error, information ratio.

Both series have shape (n,), the same periods in the same order (``alignment.overlap``), and no NaN.
Alpha and beta are of **excess** returns: take the risk-free rate off both first
(``returns.excess``).
"""

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.quant.conventions import TRADING_DAYS
from quarterdeck_server.quant.estimate import Estimate, State, combined, over
from quarterdeck_server.quant.moments import FLAT, moments_of
from quarterdeck_server.quant.returns import annualised_return, volatility_from
from quarterdeck_server.quant.series import FloatArray, against

NEEDED = 2
"""The least number of periods in which two series can be compared."""


class Compounding(Enum):
    """How a return a period becomes a return a year."""

    ARITHMETIC = "arithmetic"
    """Times m: quantstats for alpha, empyrical and quantstats for the information ratio."""
    GEOMETRIC = "geometric"
    """(1 + r)^m - 1: empyrical for alpha; Bacon and PerformanceAnalytics."""


@dataclass(frozen=True, slots=True)
class Line:
    """The regression line of one series on another: sums, from which its statistics follow.

    ``slope`` and ``intercept`` have no meaning if ``is_flat``: the benchmark does not vary.
    """

    count: int
    means: tuple[float, float]
    variances: tuple[float, float]
    covariance: float
    is_flat: bool

    @property
    def slope(self) -> float:
        """Covariance over the benchmark's variance."""
        return self.covariance / self.variances[1]

    @property
    def intercept(self) -> float:
        """The mean that the slope leaves, a period."""
        return self.means[0] - self.slope * self.means[1]


def line(returns: ArrayLike, benchmark: ArrayLike) -> Line:
    """Return the line through two series; refuses different lengths."""
    return line_of(*against(returns, benchmark))


def line_of(mine: FloatArray, theirs: FloatArray) -> Line:
    """Return the line through two checked arrays."""
    count = len(mine)
    if not count:
        return Line(0, (0.0, 0.0), (0.0, 0.0), 0.0, is_flat=True)
    means = (float(mine.mean()), float(theirs.mean()))
    left, right = mine - means[0], theirs - means[1]
    variances = (float(np.dot(left, left)) / count, float(np.dot(right, right)) / count)
    is_flat = math.sqrt(variances[1]) <= FLAT * abs(means[1])
    return Line(count, means, variances, float(np.dot(left, right)) / count, is_flat)


def beta(returns: ArrayLike, benchmark: ArrayLike) -> Estimate:
    """Return cov(r, b) / var(b); ``CONSTANT`` if the benchmark does not vary."""
    return beta_from(line(returns, benchmark))


def beta_from(found: Line) -> Estimate:
    """Return beta of a line."""
    return _of_line(found, found.slope) if _has_slope(found) else _no_slope(found)


def alpha(
    returns: ArrayLike,
    benchmark: ArrayLike,
    periods_per_year: float = TRADING_DAYS,
    compounding: Compounding = Compounding.ARITHMETIC,
) -> Estimate:
    """Return mean(r) - β mean(b) of excess returns, a year."""
    return alpha_from(line(returns, benchmark), periods_per_year, compounding)


def alpha_from(
    found: Line, periods_per_year: float, compounding: Compounding = Compounding.ARITHMETIC
) -> Estimate:
    """Return alpha of a line, a year."""
    if not _has_slope(found):
        return _no_slope(found)
    if compounding is Compounding.ARITHMETIC:
        return _of_line(found, found.intercept * periods_per_year)
    if found.intercept <= -1:
        return Estimate.missing(State.RUINED, found.count)
    return _of_line(found, math.expm1(math.log1p(found.intercept) * periods_per_year))


def correlation(returns: ArrayLike, benchmark: ArrayLike) -> Estimate:
    """Return Pearson's correlation; ``CONSTANT`` if either series does not vary."""
    return correlation_from(line(returns, benchmark))


def correlation_from(found: Line) -> Estimate:
    """Return the correlation of a line."""
    if not _has_slope(found):
        return _no_slope(found)
    spread = math.sqrt(found.variances[0]) * math.sqrt(found.variances[1])
    if math.sqrt(found.variances[0]) <= FLAT * abs(found.means[0]):
        return Estimate.missing(State.CONSTANT, found.count)
    return _of_line(found, min(1.0, max(-1.0, found.covariance / spread)))


def jensen_alpha(
    returns: ArrayLike,
    benchmark: ArrayLike,
    risk_free: float = 0.0,
    periods_per_year: float = TRADING_DAYS,
) -> Estimate:
    """Return R - r_f - β (B - r_f), R and B annualised, r_f a year (Jensen 1968; Bacon 2008)."""
    mine, theirs = against(returns, benchmark)
    own, other = (annualised_return(each, periods_per_year) for each in (mine, theirs))
    return combined(
        lambda beta, mine, theirs: mine - risk_free - beta * (theirs - risk_free),
        beta(mine, theirs),
        own,
        other,
    )


def treynor_ratio(
    excess_returns: ArrayLike,
    benchmark_excess: ArrayLike,
    periods_per_year: float = TRADING_DAYS,
) -> Estimate:
    """Return the annualised excess return over beta (Treynor 1965; PerformanceAnalytics)."""
    mine, theirs = against(excess_returns, benchmark_excess)
    slope, reward = beta(mine, theirs), annualised_return(mine, periods_per_year)
    if slope.value == 0:
        return Estimate.missing(State.CONSTANT, slope.count)
    return combined(lambda beta, reward: reward / beta, slope, reward)


def systematic_risk(
    returns: ArrayLike, benchmark: ArrayLike, periods_per_year: float = TRADING_DAYS
) -> Estimate:
    """Return β · sd(b) · √m, divisor n - 1 (PerformanceAnalytics; Bacon 2008 divides by n)."""
    mine, theirs = against(returns, benchmark)
    slope = beta(mine, theirs)
    if slope.value is None:
        return slope
    return volatility_from(moments_of(theirs), periods_per_year).scaled(slope.value)


def modified_treynor_ratio(
    excess_returns: ArrayLike,
    benchmark_excess: ArrayLike,
    periods_per_year: float = TRADING_DAYS,
) -> Estimate:
    """Return the annualised excess return over systematic risk (Bacon 2008)."""
    reward = annualised_return(excess_returns, periods_per_year)
    risk = systematic_risk(excess_returns, benchmark_excess, periods_per_year)
    return over(reward, risk, State.CONSTANT)


def m_squared(
    returns: ArrayLike,
    benchmark: ArrayLike,
    risk_free: float = 0.0,
    periods_per_year: float = TRADING_DAYS,
) -> Estimate:
    """Return R + SR · (sd(b) - sd(r)) a year: the return at the benchmark's risk.

    SR is (R - r_f) / sd(r), R the annualised return (Modigliani and Modigliani 1997; Bacon).
    """
    mine, theirs = against(returns, benchmark)
    own, other = (volatility_from(moments_of(each), periods_per_year) for each in (mine, theirs))
    if own.value == 0:
        return Estimate.missing(State.CONSTANT, len(mine))
    return combined(
        lambda reward, risk, target: reward + (reward - risk_free) / risk * (target - risk),
        annualised_return(mine, periods_per_year),
        own,
        other,
    )


def tracking_error(
    returns: ArrayLike, benchmark: ArrayLike, periods_per_year: float = TRADING_DAYS
) -> Estimate:
    """Return the deviation (n - 1) of active returns, a year."""
    mine, theirs = against(returns, benchmark)
    return volatility_from(moments_of(mine - theirs), periods_per_year)


def information_ratio(
    returns: ArrayLike,
    benchmark: ArrayLike,
    periods_per_year: float = TRADING_DAYS,
    compounding: Compounding = Compounding.ARITHMETIC,
) -> Estimate:
    """Return the active return over the tracking error.

    Notes
    -----
    Arithmetic: mean(r - b) / sd(r - b) · √m (quantstats, empyrical). Geometric: the difference of
    the annualised returns over the tracking error a year (Bacon, PerformanceAnalytics).
    """
    mine, theirs = against(returns, benchmark)
    found = moments_of(mine - theirs)
    error = volatility_from(found, periods_per_year)
    if error.value == 0:
        return Estimate.missing(State.CONSTANT, found.count)
    if compounding is Compounding.ARITHMETIC:
        return combined(lambda risk: found.mean * periods_per_year / risk, error)
    own, other = (annualised_return(each, periods_per_year) for each in (mine, theirs))
    return combined(lambda risk, mine, theirs: (mine - theirs) / risk, error, own, other)


def _has_slope(found: Line) -> bool:
    return found.count >= NEEDED and not found.is_flat


def _no_slope(found: Line) -> Estimate:
    if found.count < NEEDED:
        return Estimate.insufficient(found.count, NEEDED)
    return Estimate.missing(State.CONSTANT, found.count)


def _of_line(found: Line, value: float) -> Estimate:
    return Estimate.of(value, found.count)
