"""Profit by strategy, account, instrument, sector, side, weekday or hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from quarterdeck_server.analytics.domain.attribution.changes import Position
from quarterdeck_server.analytics.domain.attribution.clock import Clock
from quarterdeck_server.analytics.domain.attribution.entries import Entries
from quarterdeck_server.quant.attribution.grouping import by_key

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SIDES = {1: "long", -1: "short", 0: ""}


class ContributionKey(Enum):
    """By what profit is told apart; the names are those of the contract."""

    STRATEGY = "strategy"
    INSTRUMENT = "instrument"
    SECTOR = "sector"
    SIDE = "side"
    WEEKDAY = "weekday"
    HOUR = "hour"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a group made."""

    group: str
    profit: float
    realised: float
    unrealised: float
    income: float
    fees: float
    share: float | None
    fill_count: int


@dataclass(frozen=True, slots=True)
class Contributions:
    """The groups, the largest profit or loss first, their sum, and the first and last day."""

    groups: tuple[Contribution, ...]
    total: Contribution
    days: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Labels:
    """What groups are called: by the positions that entries belong to, or by their times."""

    positions: Sequence[Position]
    sectors: Mapping[str, str]
    clock: Clock

    def of(self, key: ContributionKey, entries: Entries) -> list[str]:
        """Return the group of each entry."""
        match key:
            case ContributionKey.SIDE:
                return [SIDES[side] for side in entries.sides.tolist()]
            case ContributionKey.WEEKDAY:
                return [WEEKDAYS[day] for day in self.clock.weekdays(entries.times).tolist()]
            case ContributionKey.HOUR:
                return [f"{hour:02}" for hour in self.clock.hours(entries.times).tolist()]
            case _:
                names = [self._name(key, position) for position in self.positions]
                return [names[owner] for owner in entries.owners.tolist()]

    def _name(self, key: ContributionKey, position: Position) -> str:
        if key is ContributionKey.SECTOR:
            return self.sectors.get(position.instrument, "")
        name: str = getattr(position, key.value)
        return name


def contributions(key: ContributionKey, entries: Entries, labels: Labels) -> Contributions:
    """Add entries up by key. Every sum is rounded once, so groups add up to the total."""
    groups = labels.of(key, entries)
    columns = (
        *(entries.profits, entries.realised, entries.unrealised),
        *(entries.incomes, entries.fees, entries.is_fill.astype(np.float64)),
    )
    profit, *others = (by_key(groups, column) for column in columns)
    sums = [{part.key: part.amount for part in other.parts} for other in others]
    found = (
        _contribution(part.key, part.amount, [each[part.key] for each in sums], part.share)
        for part in profit.parts
    )
    totals = [other.total for other in others]
    total = _contribution("", profit.total, totals, 1.0 if profit.total else None)
    return Contributions(tuple(found), total, labels.clock.span(entries.times))


def _contribution(
    group: str, profit: float, others: Sequence[float], share: float | None
) -> Contribution:
    realised, unrealised, income, fees, fills = others
    return Contribution(group, profit, realised, unrealised, income, fees, share, round(fills))
