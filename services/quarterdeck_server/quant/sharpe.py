"""How far an observed Sharpe ratio can be trusted: probabilistic and deflated Sharpe ratios.

All ratios here are **per period**, and ``kurtosis`` is raw (3 for a normal law): with excess
kurtosis in its place, as some texts print it, the formulas give other numbers.
"""

import math
from statistics import NormalDist

from numpy.typing import ArrayLike

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.estimate import Estimate, State
from quarterdeck_server.quant.moments import Moments, moments
from quarterdeck_server.quant.ratios import sharpe_ratio_from
from quarterdeck_server.quant.series import finite_number, whole

NORMAL = NormalDist()
EULER = 0.5772156649015329
"""The Euler-Mascheroni constant."""
NEEDED = 3
"""The least number of returns from which the spread of a Sharpe ratio is judged."""
NEEDED_TRIALS = 2
"""The least number of trials among which one can be the best."""


def probabilistic_sharpe_ratio(excess_returns: ArrayLike, benchmark: float = 0.0) -> Estimate:
    """Return the probability that the true Sharpe ratio is above a benchmark.

    Parameters
    ----------
    excess_returns
        Returns above the risk-free rate, shape (n,), n at least 3; NaN is refused.
    benchmark
        SR*, the Sharpe ratio a period to be beaten.

    Notes
    -----
    PSR = Φ((SR - SR*) √(n - 1) / √(1 - γ3 SR + (γ4 - 1) SR² / 4), γ3 skewness and γ4 raw kurtosis
    (population moments), SR with the deviation of n - 1. Bailey and López de Prado (2012).
    """
    return probabilistic_sharpe_ratio_from(moments(excess_returns), benchmark)


def probabilistic_sharpe_ratio_from(found: Moments, benchmark: float = 0.0) -> Estimate:
    """Return the probability from the moments of excess returns."""
    if found.count < NEEDED:
        return Estimate.insufficient(found.count, NEEDED)
    sharpe = sharpe_ratio_from(found, 1.0)
    if sharpe.value is None:
        return sharpe
    return confidence(
        sharpe.value, found.count, benchmark, skewness=found.skewness, kurtosis=found.kurtosis
    )


def confidence(
    sharpe: float,
    count: int,
    benchmark: float = 0.0,
    *,
    skewness: float = 0.0,
    kurtosis: float = 3.0,
) -> Estimate:
    """Return Φ of the distance between a Sharpe ratio and a benchmark in standard errors.

    Parameters
    ----------
    sharpe, benchmark
        Ratios a period.
    count
        The number of returns behind ``sharpe``.
    """
    error = standard_error(sharpe, count, skewness=skewness, kurtosis=kurtosis)
    if error.value is None:
        return error
    if error.value == 0:
        return Estimate.missing(State.CONSTANT, count)
    return Estimate.of(_below((sharpe - benchmark) / error.value), count)


def standard_error(
    sharpe: float, count: int, *, skewness: float = 0.0, kurtosis: float = 3.0
) -> Estimate:
    """Return √((1 - γ3 SR + (γ4 - 1) SR² / 4) / (n - 1)), the ratio being a period's (Mertens)."""
    if count < NEEDED:
        return Estimate.insufficient(count, NEEDED)
    square = _spread(finite_number(sharpe, "sharpe"), skewness, kurtosis)
    if square < 0:
        return Estimate.missing(State.NO_SOLUTION, count)
    return Estimate.of(math.sqrt(square / (count - 1)), count)


def expected_maximum(trial_variance: float, trials: int) -> float:
    """Return the best Sharpe ratio to expect of so many trials that are all worth nothing.

    Parameters
    ----------
    trial_variance
        The variance of the trials' Sharpe ratios, in the period of those ratios.
    trials
        N, the number of independent trials, at least 2.

    Notes
    -----
    SR0 = σ ((1 - γ) Φ⁻¹(1 - 1/N) + γ Φ⁻¹(1 - 1/(N e))), γ Euler's constant.
    Bailey and López de Prado (2014).
    """
    whole(trials, NEEDED_TRIALS, "trials")
    if not 0 <= trial_variance < math.inf:
        raise InvalidField("trial_variance", f"must be zero or above, was {trial_variance}")
    usual, rare = (NORMAL.inv_cdf(1 - 1 / tries) for tries in (trials, trials * math.e))
    return math.sqrt(trial_variance) * ((1 - EULER) * usual + EULER * rare)


def deflated_sharpe_ratio(
    excess_returns: ArrayLike, trial_variance: float, trials: int
) -> Estimate:
    """Return the probability that a Sharpe ratio chosen as the best of many trials is not luck.

    Parameters
    ----------
    excess_returns
        Excess returns of the chosen trial, shape (n,), n at least 3; NaN is refused.
    trial_variance, trials
        The variance of all trials' Sharpe ratios a period, and their number.
    """
    return deflated_sharpe_ratio_from(moments(excess_returns), trial_variance, trials)


def deflated_sharpe_ratio_from(found: Moments, trial_variance: float, trials: int) -> Estimate:
    """Return the probability from the moments of excess returns."""
    return probabilistic_sharpe_ratio_from(found, expected_maximum(trial_variance, trials))


def minimum_track_record(
    excess_returns: ArrayLike, benchmark: float = 0.0, level: float = 0.95
) -> Estimate:
    """Return how many returns it takes to be so sure that the Sharpe ratio is above a benchmark.

    Notes
    -----
    1 + (1 - γ3 SR + (γ4 - 1) SR² / 4) (Φ⁻¹(level) / (SR - SR*))². ``NO_SOLUTION`` if the observed
    ratio is not above the benchmark. Bailey and López de Prado (2012).
    """
    if not 0 < level < 1:
        raise InvalidField("level", f"must be above 0 and below 1, was {level}")
    found = moments(excess_returns)
    sharpe = sharpe_ratio_from(found, 1.0)
    if sharpe.value is None:
        return sharpe
    square = _spread(sharpe.value, found.skewness, found.kurtosis)
    if sharpe.value <= benchmark or square < 0:
        return Estimate.missing(State.NO_SOLUTION, found.count)
    distance = NORMAL.inv_cdf(level) / (sharpe.value - benchmark)
    return Estimate.of(1 + square * distance**2, found.count)


def _below(distance: float) -> float:
    """Return Φ, exact in both tails."""
    return math.erfc(-distance / math.sqrt(2)) / 2


def _spread(sharpe: float, skewness: float, kurtosis: float) -> float:
    return 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2
