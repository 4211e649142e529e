"""Statistics of windows, and subjects side by side.

Tables need the extra ``quarterdeck[pandas]``, plots ``quarterdeck[plot]``; both are imported when
first used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from quarterdeck.api.analytics.v1.performance_pb2 import RollingColumns, RollingMetric
from quarterdeck.api.analytics.v1.performance_service_pb2 import (
    ComparePerformanceResponse,
    ComputePerformanceResponse,
    ComputeRollingResponse,
)
from quarterdeck.performance import Number, Performance, Table, estimate, performance
from quarterdeck.plot import rolling_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

type Statistic = Literal[
    "sharpe_ratio",
    "sortino_ratio",
    "volatility",
    "max_drawdown",
    "beta",
    "correlation",
    "total_return",
    "calmar_ratio",
    "omega_ratio",
    "hit_rate",
    "profit_factor",
    "alpha",
    "tracking_error",
    "information_ratio",
    "up_capture",
    "down_capture",
]


def rolling_metric(name: Statistic) -> RollingMetric.ValueType:
    """Make a statistic of the contract."""
    return RollingMetric.Value(f"ROLLING_METRIC_{name.upper()}")


@dataclass(frozen=True, slots=True)
class Rolling:
    """Statistics of every window of a subject's returns."""

    message: ComputeRollingResponse
    """The whole answer: conventions, how many returns and windows there are."""

    def to_pandas(self) -> Table:
        """Return one column a statistic, by the last day of each window; NaN means no value."""
        import pandas as pd  # noqa: PLC0415 - optional

        found = {}
        for column in self.message.columns:
            days = pd.to_datetime(list(column.days), unit="D")
            found[_name(column)] = pd.Series(list(column.values), index=days, dtype="float64")
        made = pd.DataFrame(found)
        return made.rename_axis(index="date")

    def plot(self) -> "Figure":
        """Draw the statistics, one below the other."""
        columns = {_name(one): (list(one.days), list(one.values)) for one in self.message.columns}
        return rolling_figure(columns, self.message.window)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The performances of subjects on the days that all of them have, by name."""

    performances: Mapping[str, Performance]
    correlations: Mapping[tuple[str, str], Number]
    """Of the returns of each with each."""
    message: ComparePerformanceResponse

    def __getitem__(self, name: str) -> Performance:
        """Return the performance of one of them."""
        return self.performances[name]

    def to_pandas(self) -> Table:
        """Return the metrics, one a row, with a column for each subject; NaN means no value."""
        import pandas as pd  # noqa: PLC0415 - optional

        columns = {
            name: {metric: number.value for metric, number in one.metrics.items()}
            for name, one in self.performances.items()
        }
        return pd.DataFrame(columns, dtype="float64").rename_axis(index="metric")

    def correlation_table(self) -> Table:
        """Return the correlations, square; NaN means no value."""
        import pandas as pd  # noqa: PLC0415 - optional

        names = list(self.performances)
        rows = [[self.correlations[one, other].value for other in names] for one in names]
        return pd.DataFrame(rows, index=names, columns=names, dtype="float64")


def comparison(names: Sequence[str], message: ComparePerformanceResponse) -> Comparison:
    """Read an answer about subjects with names."""
    pairs = [(one, other) for one in names for other in names]
    return Comparison(
        {
            name: performance(ComputePerformanceResponse(performance=one))
            for name, one in zip(names, message.performances, strict=True)
        },
        dict(zip(pairs, map(estimate, message.correlations), strict=True)),
        message,
    )


def _name(column: RollingColumns) -> str:
    return RollingMetric.Name(column.metric).removeprefix("ROLLING_METRIC_").lower()
