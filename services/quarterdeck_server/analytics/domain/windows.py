"""Statistics of every window of a track."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from quarterdeck_server.analytics.domain.matching import BENCHMARK, Matched
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant import rolling
from quarterdeck_server.quant.conventions import Conventions
from quarterdeck_server.quant.returns import excess
from quarterdeck_server.quant.rolling import Rolling
from quarterdeck_server.quant.series import Dates, FloatArray

DEFAULT_WINDOW = 126


class Statistic(Enum):
    """A statistic that rolls."""

    SHARPE_RATIO = "sharpe_ratio"
    SORTINO_RATIO = "sortino_ratio"
    VOLATILITY = "volatility"
    MAX_DRAWDOWN = "max_drawdown"
    BETA = "beta"
    CORRELATION = "correlation"


AGAINST = frozenset({Statistic.BETA, Statistic.CORRELATION})
"""Statistics that need a benchmark."""


@dataclass(frozen=True, slots=True)
class Windows:
    """A statistic of the windows that have one, by their last days; ``count`` is of all windows."""

    statistic: Statistic
    days: Dates
    values: FloatArray
    count: int


@dataclass(frozen=True, slots=True)
class _Sides:
    """Returns, and what is above the risk-free rate, of a subject and its benchmark."""

    plain: FloatArray
    above: FloatArray
    benchmark: FloatArray
    conventions: Conventions


def windows(
    matched: Matched,
    conventions: Conventions,
    risk_free: FloatArray | None,
    statistics: tuple[Statistic, ...],
    window: int,
) -> tuple[Windows, ...]:
    """Compute statistics of every window of a subject's returns."""
    rate = conventions.risk_free_per_period if risk_free is None else risk_free
    returns, theirs = matched.track.returns, matched.benchmark
    if theirs is None and AGAINST.intersection(statistics):
        raise InvalidField(BENCHMARK, "is needed by beta and correlation")
    other = returns if theirs is None else excess(theirs, rate)
    sides = _Sides(returns, excess(returns, rate), other, conventions)
    days = matched.track.days[1:]
    return tuple(_present(one, days, _rolled(one, sides, window)) for one in statistics)


def _rolled(statistic: Statistic, sides: _Sides, window: int) -> Rolling:
    # A window that is longer than the series has no value; quant then has nothing to divide.
    if len(sides.plain) < window:
        return Rolling(np.full(len(sides.plain), np.nan), window, None)
    try:
        return _COMPUTE[statistic](sides, window)
    except InvalidField as error:
        raise InvalidField("subject", f"{error.field} {error.problem}") from error


def _present(statistic: Statistic, days: Dates, found: Rolling) -> Windows:
    has_value = np.isfinite(found.values)
    count = max(0, len(days) - found.window + 1)
    return Windows(statistic, days[has_value], found.values[has_value], count)


def _sortino(sides: _Sides, window: int) -> Rolling:
    chosen = sides.conventions
    target = chosen.minimum_acceptable_per_period
    return rolling.rolling_sortino(sides.plain, window, target, chosen.periods_per_year)


_COMPUTE: dict[Statistic, Callable[[_Sides, int], Rolling]] = {
    Statistic.SHARPE_RATIO: lambda sides, window: rolling.rolling_sharpe(
        sides.above, window, sides.conventions.periods_per_year
    ),
    Statistic.SORTINO_RATIO: _sortino,
    Statistic.VOLATILITY: lambda sides, window: rolling.rolling_volatility(
        sides.plain, window, sides.conventions.periods_per_year
    ),
    Statistic.MAX_DRAWDOWN: lambda sides, window: rolling.rolling_max_drawdown(sides.plain, window),
    Statistic.BETA: lambda sides, window: rolling.rolling_beta(
        sides.above, sides.benchmark, window
    ),
    Statistic.CORRELATION: lambda sides, window: rolling.rolling_correlation(
        sides.above, sides.benchmark, window
    ),
}
