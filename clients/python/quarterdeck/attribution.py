"""Attribution: where profit came from, and why a return is another one than a benchmark's.

Tables need the extra ``quarterdeck[pandas]``; pandas is imported when first used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, TypedDict

from quarterdeck.api.analytics.v1.attribution_service_pb2 import ComputeBrinsonResponse
from quarterdeck.api.analytics.v1.brinson_pb2 import (
    Composition,
    GroupEffects,
    GroupRow,
    GroupSeries,
    LinkingMethod,
    WeightedInstruments,
)
from quarterdeck.api.analytics.v1.contribution_pb2 import (
    Contribution,
    ContributionKey,
    Contributions,
)
from quarterdeck.api.analytics.v1.performance_pb2 import Subject
from quarterdeck.performance import EPOCH

if TYPE_CHECKING:
    import pandas as pd

type Key = Literal["strategy", "instrument", "sector", "side", "weekday", "hour", "account"]
type Method = Literal["carino", "menchero", "grap"]
type CompositionLike = Composition | Subject | Mapping[str, float] | str
"""A composition, an account or strategy as ``performance.portfolio`` names it, weights by
instrument, or one instrument."""
type ByDay = Mapping[date, Mapping[str, tuple[float, float]]]
"""Weight and return of each group, by day."""
type Table = "pd.DataFrame"

EFFECTS = (
    *("portfolio_weight", "benchmark_weight"),
    *("portfolio_contribution", "benchmark_contribution"),
    *("allocation", "selection", "interaction", "total"),
)
AMOUNTS = (
    *("profit", "realised_profit", "unrealised_profit", "income", "fees", "share", "fill_count"),
)


class Whose(TypedDict, total=False):
    """Whose profit is told apart, and when; what is left out is all."""

    account: str
    strategy: str
    instrument: str
    start: date | None
    """The inclusive first trading day."""
    end: date | None
    """The inclusive last trading day."""
    currency: str
    """Of the answer; the accounts' base currency unless said."""


class Comparing(TypedDict, total=False):
    """When two compositions are compared, and how."""

    start: date | None
    """The inclusive first day."""
    end: date | None
    """The inclusive last day."""
    groups: Mapping[str, str]
    """The groups of instruments; others belong to their sectors."""
    linking: Method
    """How days are linked; Carino unless said."""


def composition(value: CompositionLike) -> Composition:
    """Say what is held against something."""
    match value:
        case Composition():
            return value
        case Subject(instrument=instrument) if instrument:
            return composition(instrument)
        case Subject():
            return Composition(portfolio=value.portfolio)
        case str():
            return composition({value: 1.0})
        case _:
            weights = WeightedInstruments(instruments=value, weights=value.values())
            return Composition(instruments=weights)


def groups(rows: ByDay, start: date | None = None) -> Composition:
    """Bring weights and returns of groups of your own by day, oldest first.

    Every day names the same groups. ``start`` is the day on which the first return began, if it is
    not the calendar day before.
    """
    names = list(next(iter(rows.values()), {}))
    series = GroupSeries(
        groups=names,
        days=[(day - EPOCH).days for day in rows],
        rows=[
            GroupRow(weights=[row[n][0] for n in names], returns=[row[n][1] for n in names])
            for row in rows.values()
        ],
        start_day=None if start is None else (start - EPOCH).days,
    )
    return Composition(groups=series)


def contribution_key(key: Key) -> ContributionKey.ValueType:
    """Return the contract's word for a key."""
    return ContributionKey.Value(f"CONTRIBUTION_KEY_{key.upper()}")


def linking_method(method: Method) -> LinkingMethod.ValueType:
    """Return the contract's word for a method."""
    return LinkingMethod.Value(f"LINKING_METHOD_{method.upper()}")


@dataclass(frozen=True, slots=True)
class Profits:
    """Profit by group, the largest profit or loss first, and the answer it comes from."""

    message: Contributions

    def __getitem__(self, group: str) -> Contribution:
        """Return what a group made, for example "long" or "monday"."""
        return next(one for one in self.message.groups if one.group == group)

    @property
    def total(self) -> Contribution:
        """All of it."""
        return self.message.total

    def to_pandas(self) -> Table:
        """Return the groups, one a row; every column adds up to that of ``total``."""
        import pandas as pd  # noqa: PLC0415 - optional

        found = self.message.groups
        index = pd.Index([one.group for one in found], name="group")
        rows = [[getattr(one, name) for name in AMOUNTS] for one in found]
        return pd.DataFrame(rows, index=index, columns=AMOUNTS)


@dataclass(frozen=True, slots=True)
class Brinson:
    """Allocation, selection and interaction by group, and the answer they come from."""

    message: ComputeBrinsonResponse

    def __getitem__(self, group: str) -> GroupEffects:
        """Return the effects of a group, for example "Energy"."""
        return next(one for one in self.message.attribution.groups if one.group == group)

    @property
    def active_return(self) -> float:
        """What the effects of all groups add up to."""
        return self.message.attribution.active_return

    def to_pandas(self) -> Table:
        """Return the groups, one a row, the largest effect first."""
        import pandas as pd  # noqa: PLC0415 - optional

        found = self.message.attribution.groups
        index = pd.Index([one.group for one in found], name="group")
        rows = [[getattr(one, name) for name in EFFECTS] for one in found]
        return pd.DataFrame(rows, index=index, columns=EFFECTS)

    def days(self) -> Table:
        """Return what happened day by day: the returns of both, and the factor that links them."""
        import pandas as pd  # noqa: PLC0415 - optional

        found = self.message.columns
        index = pd.to_datetime(list(found.days), unit="D").rename("date")
        names = ("portfolio_returns", "benchmark_returns", "factors")
        return pd.DataFrame({name: list(getattr(found, name)) for name in names}, index=index)
