"""All metrics of a return series at once, in one pass over it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant import ratios, relative, returns, sharpe, trades
from quarterdeck_server.quant.capture import (
    batting_average,
    capture_ratio,
    down_capture,
    up_capture,
)
from quarterdeck_server.quant.conventions import Conventions, Trials
from quarterdeck_server.quant.drawdown import (
    Edges,
    depths_of,
    drawdowns_of,
    edges_of,
    longest_spell,
)
from quarterdeck_server.quant.estimate import Estimate, State, over
from quarterdeck_server.quant.moments import Moments, moments_of, partial_moments_of
from quarterdeck_server.quant.series import Dates, FloatArray, finite, ordered, paired

type Metrics = dict[str, Estimate]

DEFAULT = Conventions()
"""252 days a year, nothing to be earned without risk."""


@dataclass(frozen=True, slots=True)
class MetricSet:
    """Metrics by name, how many returns they are of, and the conventions they follow.

    What each name means stands in ``definitions.DEFINITIONS``.
    """

    metrics: Metrics
    count: int
    conventions: Conventions


def metric_set(
    values: ArrayLike,
    conventions: Conventions = DEFAULT,
    *,
    benchmark: ArrayLike | None = None,
    dates: ArrayLike | None = None,
    risk_free: ArrayLike | None = None,
) -> MetricSet:
    """Compute every metric of a series of simple returns.

    Parameters
    ----------
    values
        Simple returns, oldest first, shape (n,), n at least 0; NaN is refused.
    conventions
        The choices that the numbers depend on.
    benchmark
        Simple returns of the same periods, shape (n,), for the metrics against a benchmark; they
        are left out without one. ``alignment.overlap`` brings series of different days together.
    dates
        The days of the returns, strictly increasing, shape (n,), or (n + 1,) if the day before the
        first return comes first. Without them durations in days are left out.
    risk_free
        The risk-free rate of each period, shape (n,); by default the one of the conventions.
    """
    array = finite(values)
    rate = conventions.risk_free_per_period if risk_free is None else risk_free
    above = returns.excess(array, rate) if np.ndim(rate) or rate else array
    grown = returns.growth_of(array)
    metrics = _growth(array, grown, conventions) | _earned(array, above, conventions)
    days = _curve_days(dates, len(array))
    metrics |= _under_water(grown, metrics["annual_return"], days)
    if benchmark is not None:
        theirs = finite(benchmark, "benchmark")
        paired(array, theirs, ("returns", "benchmark"))
        other = returns.excess(theirs, rate) if np.ndim(rate) or rate else theirs
        metrics |= _against((array, theirs), (above, other), conventions)
    return MetricSet(metrics, len(array), conventions)


def _earned(array: FloatArray, above: FloatArray, conventions: Conventions) -> Metrics:
    periods, ddof = conventions.periods_per_year, conventions.ddof
    found = moments_of(array)
    spread = found if above is array else moments_of(above)
    zero = partial_moments_of(array, 0.0)
    target = conventions.minimum_acceptable_per_period
    bad = partial_moments_of(array, target) if target else zero
    won = trades.tally_of(array, zero)
    metrics = {
        "arithmetic_annual_return": _scaled_mean(found, periods),
        "annual_volatility": returns.volatility_from(found, periods, ddof),
        "downside_deviation": _annual_root(bad.downside_square, found.count, periods),
        "sharpe_ratio": ratios.sharpe_ratio_from(spread, periods, ddof),
        "probabilistic_sharpe_ratio": sharpe.probabilistic_sharpe_ratio_from(spread),
        "sortino_ratio": ratios.sortino_ratio_from(bad, periods),
        "omega_ratio": ratios.omega_ratio_from(bad),
        "upside_potential_ratio": ratios.upside_potential_ratio_from(bad),
        "gain_to_pain_ratio": ratios.gain_to_pain_ratio_from(zero),
        "tail_ratio": ratios.tail_ratio(array, conventions.tail),
        "skewness": _shape(found, found.skewness, 3),
        "excess_kurtosis": _shape(found, found.kurtosis - 3, 4),
        "best_return": _extreme(array, largest=True),
        "worst_return": _extreme(array, largest=False),
        "hit_rate": trades.hit_rate_from(won),
        "profit_factor": trades.profit_factor_from(won),
        "payoff_ratio": trades.payoff_ratio_from(won),
    }
    if conventions.trials is not None:
        metrics["deflated_sharpe_ratio"] = _deflated(spread, conventions.trials, periods)
    return metrics


def _deflated(found: Moments, trials: Trials, periods: float) -> Estimate:
    if trials.count < sharpe.NEEDED_TRIALS:
        return Estimate.insufficient(trials.count, sharpe.NEEDED_TRIALS)
    variance = trials.sharpe_variance / periods
    return sharpe.deflated_sharpe_ratio_from(found, variance, trials.count)


def _growth(array: FloatArray, grown: FloatArray, conventions: Conventions) -> Metrics:
    count = len(array)
    if not count:
        nothing = Estimate.insufficient(0, 1)
        return {"total_return": nothing, "annual_return": nothing}
    final = float(grown[-1])
    # Two losses of more than everything would multiply to a gain.
    left = 0.0 if array.min() <= -1 else final
    annual = returns.annualised(
        left,
        count,
        conventions.periods_per_year,
        annualise_short=conventions.annualise_short,
    )
    return {"total_return": Estimate.of(final - 1, count), "annual_return": annual}


def _under_water(grown: FloatArray, annual: Estimate, days: Dates | None) -> Metrics:
    under = drawdowns_of(grown)
    edges = edges_of(under)
    deepest, average, pain, ulcer = _depths(under, edges)
    metrics = {
        "max_drawdown": deepest,
        "average_drawdown": average,
        "pain_index": pain,
        "ulcer_index": ulcer,
        "calmar_ratio": over(annual, deepest),
        "pain_ratio": over(annual, pain),
        "martin_ratio": over(annual, ulcer),
        "longest_drawdown_periods": _longest(under, edges, None),
    }
    if days is not None:
        metrics["longest_drawdown_days"] = _longest(under, edges, days)
    return metrics


def _depths(under: FloatArray, edges: Edges) -> tuple[Estimate, Estimate, Estimate, Estimate]:
    count = len(under) - 1
    if not count:
        nothing = Estimate.insufficient(0, 1)
        return nothing, nothing, nothing, nothing
    depths = depths_of(under, edges)
    return (
        Estimate.of(under.min(), count),
        Estimate.of(depths.mean() if len(depths) else 0.0, count),
        Estimate.of(abs(under.sum()) / count, count),
        Estimate.of(math.sqrt(np.dot(under, under) / count), count),
    )


def _against(
    plain: tuple[FloatArray, FloatArray],
    above: tuple[FloatArray, FloatArray],
    conventions: Conventions,
) -> Metrics:
    periods = conventions.periods_per_year
    found = relative.line_of(*above)
    active = moments_of(plain[0] - plain[1])
    error = returns.volatility_from(active, periods)
    return {
        "alpha": relative.alpha_from(found, periods),
        "beta": relative.beta_from(found),
        "correlation": relative.correlation_from(found),
        "tracking_error": error,
        "information_ratio": ratios.sharpe_ratio_from(active, periods),
        "up_capture": up_capture(*plain),
        "down_capture": down_capture(*plain),
        "capture_ratio": capture_ratio(*plain),
        "batting_average": batting_average(*plain),
    }


def _curve_days(dates: ArrayLike | None, count: int) -> Dates | None:
    """Return the days of the growth curve; a first day that is not given is the first return's."""
    if dates is None:
        return None
    days = ordered(dates)
    if len(days) == count + 1:
        return days
    if len(days) != count:
        raise InvalidField("dates", f"must be as many as returns, {count}, are {len(days)}")
    return np.concatenate((days[:1], days))


def _longest(under: FloatArray, edges: Edges, days: Dates | None) -> Estimate:
    count = len(under) - 1
    if not count:
        return Estimate.insufficient(0, 1)
    spell = longest_spell(under, edges, days)
    if spell is None:
        return Estimate.of(0, count)
    return Estimate.of(spell.periods if days is None else spell.days(days), count)


def _scaled_mean(found: Moments, periods: float) -> Estimate:
    if not found.count:
        return Estimate.insufficient(0, 1)
    return Estimate.of(found.mean * periods, found.count)


def _annual_root(square: float, count: int, periods: float) -> Estimate:
    if not count:
        return Estimate.insufficient(0, 1)
    return Estimate.of(math.sqrt(square / count * periods), count)


def _shape(found: Moments, value: float, needed: int) -> Estimate:
    if found.count < needed:
        return Estimate.insufficient(found.count, needed)
    if found.is_constant:
        return Estimate.missing(State.CONSTANT, found.count)
    return Estimate.of(value, found.count)


def _extreme(array: FloatArray, *, largest: bool) -> Estimate:
    if not len(array):
        return Estimate.insufficient(0, 1)
    return Estimate.of(array.max() if largest else array.min(), len(array))
