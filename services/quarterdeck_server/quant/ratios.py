"""Ratios of what was earned to what was risked.

Each function takes returns; its twin that ends in ``_from`` takes what was computed of them
already, so that many ratios of one series cost one pass over it (``metric_set``).
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.quant.conventions import TRADING_DAYS, check_tail
from quarterdeck_server.quant.estimate import Estimate, State, ratio
from quarterdeck_server.quant.moments import (
    Moments,
    PartialMoments,
    moments,
    partial_moments,
)
from quarterdeck_server.quant.series import FloatArray, finite, whole

NEEDED = 2
"""The least number of returns that have a deviation."""
LOSS_AVERSION = 2.25
"""How much more a loss weighs than a gain (Tversky and Kahneman 1992)."""


def sharpe_ratio(
    excess_returns: ArrayLike, periods_per_year: float = TRADING_DAYS, ddof: int = 1
) -> Estimate:
    """Return mean(e) / sd(e) · √m, the arithmetic annualised Sharpe ratio.

    Parameters
    ----------
    excess_returns
        Returns above the risk-free rate, shape (n,), n at least 2; NaN is refused.
    periods_per_year
        m; 1 gives the ratio a period.

    Notes
    -----
    Sharpe (1994). quantstats, empyrical; PerformanceAnalytics since April 2026.
    """
    return sharpe_ratio_from(moments(excess_returns), periods_per_year, ddof)


def sharpe_ratio_from(found: Moments, periods_per_year: float, ddof: int = 1) -> Estimate:
    """Return the Sharpe ratio from the moments of excess returns."""
    if found.count < NEEDED:
        return Estimate.insufficient(found.count, NEEDED)
    scaled = found.mean * math.sqrt(periods_per_year)
    return ratio(scaled, found.deviation(ddof), found.count, State.CONSTANT)


def downside_deviation(returns: ArrayLike, target: float = 0.0) -> Estimate:
    """Return √(Σ min(r - τ, 0)² / n) a period, over **all** n returns, not the bad ones alone."""
    found = partial_moments(returns, target)
    return _root_mean(found.downside_square, found.count)


def upside_risk(returns: ArrayLike, target: float = 0.0) -> Estimate:
    """Return √(Σ max(r - τ, 0)² / n) a period, over all n returns (Bacon 2008)."""
    found = partial_moments(returns, target)
    return _root_mean(found.upside_square, found.count)


def downside_potential(returns: ArrayLike, target: float = 0.0) -> Estimate:
    """Return Σ max(τ - r, 0) / n a period (Bacon 2008)."""
    found = partial_moments(returns, target)
    return _mean(found.downside, found.count)


def upside_potential(returns: ArrayLike, target: float = 0.0) -> Estimate:
    """Return Σ max(r - τ, 0) / n a period (Bacon 2008)."""
    found = partial_moments(returns, target)
    return _mean(found.upside, found.count)


def sortino_ratio(
    returns: ArrayLike, target: float = 0.0, periods_per_year: float = TRADING_DAYS
) -> Estimate:
    """Return (mean(r) - τ) / downside deviation · √m.

    Parameters
    ----------
    returns
        Simple returns, shape (n,), n at least 2; NaN is refused.
    target
        τ, the minimum acceptable return a period.
    periods_per_year
        m; 1 gives Kappa of order 2.

    Notes
    -----
    Sortino and Price (1994); the divisor of the deviation is n.
    """
    found = partial_moments(returns, target)
    return sortino_ratio_from(found, periods_per_year)


def sortino_ratio_from(found: PartialMoments, periods_per_year: float) -> Estimate:
    """Return the Sortino ratio from the sums around its target."""
    if found.count < NEEDED:
        return Estimate.insufficient(found.count, NEEDED)
    above = (found.upside - found.downside) / found.count * math.sqrt(periods_per_year)
    deviation = math.sqrt(found.downside_square / found.count)
    return ratio(above, deviation, found.count, State.NO_LOSS)


def omega_ratio(returns: ArrayLike, target: float = 0.0) -> Estimate:
    """Return Σ max(r - τ, 0) / Σ max(τ - r, 0) (Keating and Shadwick 2002)."""
    return omega_ratio_from(partial_moments(returns, target))


def omega_ratio_from(found: PartialMoments) -> Estimate:
    """Return Omega from the sums around its target."""
    if not found.count:
        return Estimate.insufficient(0, 1)
    return ratio(found.upside, found.downside, found.count, State.NO_LOSS)


def upside_potential_ratio_from(found: PartialMoments) -> Estimate:
    """Return (Σ max(r - τ, 0) / n) / downside deviation (Sortino, van der Meer, Plantinga 1999)."""
    if not found.count:
        return Estimate.insufficient(0, 1)
    deviation = math.sqrt(found.downside_square / found.count)
    return ratio(found.upside / found.count, deviation, found.count, State.NO_LOSS)


def kappa_ratio(returns: ArrayLike, target: float = 0.0, order: int = 3) -> Estimate:
    """Return (mean(r) - τ) / (Σ max(τ - r, 0)^k / n)^(1/k), a period (Kaplan and Knowles 2004).

    Order 1 is Omega - 1, order 2 the Sortino ratio a period.
    """
    array, power = finite(returns), whole(order, 1, "order")
    if not len(array):
        return Estimate.insufficient(0, 1)
    missed = np.maximum(target - array, 0.0)
    # Of the largest, so that no power of a small number vanishes.
    largest = float(missed.max())
    if not largest:
        return Estimate.missing(State.NO_LOSS, len(array))
    risk = largest * float(((missed / largest) ** power).mean()) ** (1 / power)
    return Estimate.of((array.mean() - target) / risk, len(array))


def prospect_ratio(returns: ArrayLike, target: float = 0.0) -> Estimate:
    """Return (Σ max(r, 0) + 2.25 Σ min(r, 0) - τ) / n / downside deviation(τ).

    Notes
    -----
    Watanabe (2006), as PerformanceAnalytics computes it: τ is taken off the sum once, not n times.
    """
    array = finite(returns)
    if not len(array):
        return Estimate.insufficient(0, 1)
    found, below = partial_moments(array), partial_moments(array, target)
    felt = (found.upside - LOSS_AVERSION * found.downside - target) / found.count
    deviation = math.sqrt(below.downside_square / below.count)
    return ratio(felt, deviation, found.count, State.NO_LOSS)


def gain_to_pain_ratio(returns: ArrayLike) -> Estimate:
    """Return Σ r / Σ max(-r, 0) (Schwager 2012); it equals Omega(0) - 1."""
    return gain_to_pain_ratio_from(partial_moments(returns))


def gain_to_pain_ratio_from(found: PartialMoments) -> Estimate:
    """Return gain to pain from the sums around zero."""
    if not found.count:
        return Estimate.insufficient(0, 1)
    return ratio(found.upside - found.downside, found.downside, found.count, State.NO_LOSS)


def mean_absolute_deviation(returns: ArrayLike) -> Estimate:
    """Return mean |r - mean(r)| a period."""
    array = finite(returns)
    if not len(array):
        return Estimate.insufficient(0, 1)
    return Estimate.of(np.abs(array - array.mean()).mean(), len(array))


def tail_ratio(returns: ArrayLike, tail: float = 0.05) -> Estimate:
    """Return |quantile(1 - tail) / quantile(tail)|, quantiles of type 7 (linear, as numpy).

    Parameters
    ----------
    returns
        Simple returns, shape (n,), n at least 1 / tail; NaN is refused.
    tail
        The share of observations in each tail, above 0 and below 0.5.
    """
    array = finite(returns)
    check_tail(tail)
    needed = math.ceil(round(1 / tail, 9))
    if len(array) < needed:
        return Estimate.insufficient(len(array), needed)
    low, high = quantiles(array, (tail, 1 - tail))
    return ratio(abs(high), abs(low), len(array), State.NO_LOSS)


def quantiles(array: FloatArray, shares: tuple[float, ...]) -> list[float]:
    """Return quantiles of type 7 by selection, without sorting everything.

    The position (n - 1) · p is rounded to the ninth decimal first, so that 1 - 0.95 means 0.05.
    """
    places = [round((len(array) - 1) * share, 9) for share in shares]
    lows = [math.floor(place) for place in places]
    highs = [min(low + 1, len(array) - 1) for low in lows]
    parted = np.partition(array, sorted({*lows, *highs}))
    pairs = zip(places, lows, highs, strict=True)
    return [
        float(parted[low] + (parted[high] - parted[low]) * (place - low))
        for place, low, high in pairs
    ]


def _mean(total: float, count: int) -> Estimate:
    return Estimate.of(total / count, count) if count else Estimate.insufficient(0, 1)


def _root_mean(square: float, count: int) -> Estimate:
    return Estimate.of(math.sqrt(square / count), count) if count else Estimate.insufficient(0, 1)
