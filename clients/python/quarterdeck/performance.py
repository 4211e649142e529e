"""Performance: of what, by which conventions, and what came out.

A subject is the identifier of an instrument, or what ``portfolio`` and ``returns`` make. Tables
need the extra ``quarterdeck[pandas]``, plots ``quarterdeck[plot]``; both are imported when first
used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypedDict

from google.type.date_pb2 import Date

from quarterdeck.api.analytics.v1.estimate_pb2 import Estimate, EstimateState, Metric, MetricUnit
from quarterdeck.api.analytics.v1.performance_pb2 import (
    Conventions,
    PerformanceColumns,
    Portfolio,
    ReturnSeries,
    Subject,
)
from quarterdeck.api.analytics.v1.performance_service_pb2 import ComputePerformanceResponse
from quarterdeck.plot import performance_figure

if TYPE_CHECKING:
    from collections.abc import ItemsView

    import pandas as pd
    from matplotlib.figure import Figure

type SubjectLike = Subject | str
"""A subject, or the identifier of an instrument."""
type Table = "pd.DataFrame"

EPOCH = date(1970, 1, 1)


class ByDay(Protocol):
    """Numbers by day: a mapping, or a series of pandas with days as its index."""

    def items(self) -> "ItemsView[Any, Any]":
        """Return days and numbers."""


def portfolio(account: str, strategy: str = "", capital: float | None = None) -> Subject:
    """Name an account, or a strategy in it; with ``capital`` profits are added to that."""
    return Subject(portfolio=Portfolio(account=account, strategy=strategy, capital=capital))


def returns(values: ByDay, start: date | None = None) -> Subject:
    """Bring returns of your own by day, oldest first, as fractions.

    ``start`` is the day on which the first began, if it is not the calendar day before.
    """
    pairs = [(_number(day), float(value)) for day, value in values.items()]
    series = ReturnSeries(
        days=[day for day, _ in pairs],
        returns=[value for _, value in pairs],
        start_day=None if start is None else _number(start),
    )
    return Subject(returns=series)


def subject(value: SubjectLike | None) -> Subject | None:
    """Make a subject of the identifier of an instrument; anything else stays what it is."""
    return Subject(instrument=value) if isinstance(value, str) else value


def by(conventions: Conventions | None, risk_free: float | str | None) -> Conventions:
    """Return conventions with a risk-free rate a year, or the name of a series of rates."""
    made = Conventions()
    if conventions is not None:
        made.CopyFrom(conventions)
    if isinstance(risk_free, str):
        made.risk_free_series = risk_free
    elif risk_free is not None:
        made.risk_free_rate = risk_free
    return made


def day(value: date | None) -> Date | None:
    """Make a date of the contract."""
    if value is None:
        return None
    return Date(year=value.year, month=value.month, day=value.day)


class Question(TypedDict, total=False):
    """What most questions about performance have in common."""

    benchmark: SubjectLike | None
    """What it is held against."""
    start: date | None
    """The inclusive first day."""
    end: date | None
    """The inclusive last day."""
    risk_free: float | str | None
    """A rate a year as a fraction, or a series of rates in percent, "series/fred/DGS3MO"."""
    conventions: Conventions | None
    """All the other choices."""


class Asked(NamedTuple):
    """A question in the words of the contract."""

    start_date: Date | None
    end_date: Date | None
    benchmark: Subject | None
    conventions: Conventions


def asked(question: Question) -> Asked:
    """Put a question into the words of the contract."""
    return Asked(
        day(question.get("start")),
        day(question.get("end")),
        subject(question.get("benchmark")),
        by(question.get("conventions"), question.get("risk_free")),
    )


@dataclass(frozen=True, slots=True)
class Number:
    """A metric: its value, or why it has none, and what it means."""

    value: float | None
    """None unless the state is "measured"."""
    count: int
    """How many returns it is of."""
    state: str
    """For example "measured", "insufficient" or "constant"."""
    needed: int
    """How many returns the definition needs, if there were too few; otherwise 0."""
    title: str = ""
    unit: str = ""
    formula: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Performance:
    """The metrics of a subject by name, and the answer they come from."""

    metrics: Mapping[str, Number]
    money_weighted_return: Number | None
    """A year; None for what has no capital of its own."""
    message: ComputePerformanceResponse
    """The whole answer: conventions, days, drawdowns."""

    def __getitem__(self, name: str) -> Number:
        """Return a metric, for example "sharpe_ratio"."""
        return self.metrics[name]

    def to_pandas(self) -> Table:
        """Return what happened day by day: returns, growth of one unit, drawdown."""
        import pandas as pd  # noqa: PLC0415 - optional

        found = self._days()
        index = pd.to_datetime(list(found.days), unit="D").rename("date")
        names = ("returns", "growth", "drawdown")
        return pd.DataFrame({name: list(getattr(found, name)) for name in names}, index=index)

    def plot(self) -> "Figure":
        """Draw the growth of one unit and the drawdowns; needs ``quarterdeck[plot]``."""
        return performance_figure(self._days())

    def _days(self) -> PerformanceColumns:
        # Only what was asked for by itself has days: no comparison and no watch brings them.
        if not self.message.HasField("columns"):
            raise ValueError("this answer has metrics without days: ask performance() for them")
        return self.message.columns

    def table(self) -> Table:
        """Return the metrics, one a row; where the value is NaN, ``state`` says why."""
        import pandas as pd  # noqa: PLC0415 - optional

        names = ("value", "count", "state", "unit", "title", "formula", "source")
        rows = [[getattr(one, name) for name in names] for one in self.metrics.values()]
        made = pd.DataFrame(rows, index=pd.Index(self.metrics, name="metric"), columns=names)
        return made.astype({"value": "float64"})


def performance(message: ComputePerformanceResponse) -> Performance:
    """Read an answer."""
    found = message.performance
    has_rate = found.HasField("money_weighted_return")
    return Performance(
        {metric.name: _metric(metric) for metric in found.metrics},
        estimate(found.money_weighted_return) if has_rate else None,
        message,
    )


def _metric(metric: Metric) -> Number:
    unit = MetricUnit.Name(metric.unit).removeprefix("METRIC_UNIT_").lower()
    about = (metric.title, unit, metric.formula, metric.source)
    return estimate(metric.estimate, *about)


def estimate(message: Estimate, *about: str) -> Number:
    """Read a number, or why there is none."""
    state = EstimateState.Name(message.state).removeprefix("ESTIMATE_STATE_").lower()
    value = message.value if message.HasField("value") else None
    return Number(value, message.count, state, message.needed, *about)


def _number(value: date) -> int:
    return value.toordinal() - EPOCH.toordinal()
