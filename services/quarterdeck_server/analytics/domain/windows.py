"""Statistics of every window of a track."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from quarterdeck_server.analytics.domain.matching import BENCHMARK, Matched
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant import rolling
from quarterdeck_server.quant import rolling_relative as relative
from quarterdeck_server.quant.conventions import Conventions
from quarterdeck_server.quant.returns import excess
from quarterdeck_server.quant.series import Dates, FloatArray
from quarterdeck_server.quant.windows import Rolling

DEFAULT_WINDOW = 126


class Statistic(Enum):
    """A statistic that rolls."""

    SHARPE_RATIO = "sharpe_ratio"
    SORTINO_RATIO = "sortino_ratio"
    VOLATILITY = "volatility"
    MAX_DRAWDOWN = "max_drawdown"
    BETA = "beta"
    CORRELATION = "correlation"
    TOTAL_RETURN = "total_return"
    CALMAR_RATIO = "calmar_ratio"
    OMEGA_RATIO = "omega_ratio"
    HIT_RATE = "hit_rate"
    PROFIT_FACTOR = "profit_factor"
    ALPHA = "alpha"
    TRACKING_ERROR = "tracking_error"
    INFORMATION_RATIO = "information_ratio"
    UP_CAPTURE = "up_capture"
    DOWN_CAPTURE = "down_capture"


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
    benchmark_above: FloatArray
    conventions: Conventions

    @property
    def both(self) -> tuple[FloatArray, FloatArray]:
        """The returns of both."""
        return self.plain, self.benchmark

    @property
    def both_above(self) -> tuple[FloatArray, FloatArray]:
        """What is above the risk-free rate of both."""
        return self.above, self.benchmark_above

    @property
    def periods(self) -> float:
        """Periods a year."""
        return self.conventions.periods_per_year


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
    alone = [one.value for one in statistics if one in AGAINST and theirs is None]
    if alone:
        raise InvalidField(BENCHMARK, f"is needed by {', '.join(alone)}")
    other = returns if theirs is None else theirs
    sides = _Sides(returns, excess(returns, rate), other, excess(other, rate), conventions)
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


type _Compute = Callable[[_Sides, int], Rolling]

_ALONE: dict[Statistic, _Compute] = {
    Statistic.SHARPE_RATIO: lambda of, window: rolling.rolling_sharpe(
        of.above, window, of.periods, ddof=of.conventions.ddof
    ),
    Statistic.SORTINO_RATIO: lambda of, window: rolling.rolling_sortino(
        of.plain, window, of.conventions.minimum_acceptable_per_period, of.periods
    ),
    Statistic.VOLATILITY: lambda of, window: rolling.rolling_volatility(
        of.plain, window, of.periods, ddof=of.conventions.ddof
    ),
    Statistic.MAX_DRAWDOWN: lambda of, window: rolling.rolling_max_drawdown(of.plain, window),
    Statistic.TOTAL_RETURN: lambda of, window: rolling.rolling_total_return(of.plain, window),
    Statistic.CALMAR_RATIO: lambda of, window: rolling.rolling_calmar(
        of.plain, window, of.periods, annualise_short=of.conventions.annualise_short
    ),
    Statistic.OMEGA_RATIO: lambda of, window: rolling.rolling_omega(
        of.plain, window, of.conventions.minimum_acceptable_per_period
    ),
    Statistic.HIT_RATE: lambda of, window: rolling.rolling_hit_rate(of.plain, window),
    Statistic.PROFIT_FACTOR: lambda of, window: rolling.rolling_omega(of.plain, window),
}
_RELATIVE: dict[Statistic, _Compute] = {
    Statistic.BETA: lambda of, window: relative.rolling_beta(*of.both_above, window),
    Statistic.CORRELATION: lambda of, window: relative.rolling_correlation(*of.both_above, window),
    Statistic.ALPHA: lambda of, window: relative.rolling_alpha(*of.both_above, window, of.periods),
    Statistic.TRACKING_ERROR: lambda of, window: relative.rolling_tracking_error(
        *of.both, window, of.periods
    ),
    Statistic.INFORMATION_RATIO: lambda of, window: relative.rolling_information_ratio(
        *of.both, window, of.periods
    ),
    Statistic.UP_CAPTURE: lambda of, window: relative.rolling_capture(
        *of.both, window, rising=True
    ),
    Statistic.DOWN_CAPTURE: lambda of, window: relative.rolling_capture(
        *of.both, window, rising=False
    ),
}
AGAINST = frozenset(_RELATIVE)
"""Statistics that need a benchmark."""
_COMPUTE = _ALONE | _RELATIVE
