"""Curves and activity by interval, in columns."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import IntEnum

from quarterdeck_server.kernel.day import DAY_NS, DayRoll
from quarterdeck_server.kernel.time import LATEST_NS, NS

type Range = tuple[int, int]
"""A time, and another up to but without which something goes."""


class Interval(IntEnum):
    """The length of a bucket, in seconds; a trading day's is nominal."""

    MINUTE = 60
    HOUR = 3_600
    DAY = 86_400

    def beginning(self, within: Range, roll: DayRoll) -> "Window":
        """Return the buckets that begin within a range of times."""
        if self is not Interval.DAY:
            return Window(self, *within)
        # The day of the moment before began before, and the next one begins not before.
        first, end = ((roll.day_of(time_ns - 1) + 1) * DAY_NS for time_ns in within)
        return Window(self, min(first, LATEST_NS), min(end, LATEST_NS))

    def span(self, start_ns: int, roll: DayRoll) -> Range:
        """Return when a bucket begins and ends."""
        if self is not Interval.DAY:
            return start_ns, start_ns + self * NS
        day = start_ns // DAY_NS
        return roll.end_ns(day - 1), roll.end_ns(day)


@dataclass(frozen=True, slots=True)
class Window:
    """Buckets of a length, from one start up to but without another.

    A day is known by midnight UTC of the date it is named after, whenever it began.
    """

    interval: Interval
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class CurveColumns:
    """A curve by interval, in the order of ``start_ns``; closes have no other name."""

    start_ns: Sequence[int] = ()
    point_count: Sequence[int] = ()
    last_time_ns: Sequence[int] = ()
    equity_open: Sequence[float | None] = ()
    equity_high: Sequence[float | None] = ()
    equity_low: Sequence[float | None] = ()
    equity: Sequence[float | None] = ()
    profit_open: Sequence[float] = ()
    profit_high: Sequence[float] = ()
    profit_low: Sequence[float] = ()
    profit: Sequence[float] = ()
    realised_profit: Sequence[float] = ()
    unrealised_profit: Sequence[float] = ()
    fees: Sequence[float] = ()
    income: Sequence[float] = ()
    gross_exposure: Sequence[float | None] = ()
    gross_exposure_high: Sequence[float | None] = ()


@dataclass(frozen=True, slots=True)
class ActivityColumns:
    """What was ordered and filled by interval, strategy, instrument and currency, in that order."""

    start_ns: Sequence[int] = ()
    strategy: Sequence[str] = ()
    instrument: Sequence[str] = ()
    currency: Sequence[str] = ()
    orders: Sequence[int] = ()
    rejects: Sequence[int] = ()
    cancels: Sequence[int] = ()
    fills: Sequence[int] = ()
    bought_quantity: Sequence[Decimal] = ()
    sold_quantity: Sequence[Decimal] = ()
    bought_value: Sequence[Decimal] = ()
    sold_value: Sequence[Decimal] = ()
    fees: Sequence[Decimal] = ()


def head[T: (CurveColumns, ActivityColumns)](columns: T, rows: int) -> T:
    """Return the first rows of columns."""
    return type(columns)(*(getattr(columns, each.name)[:rows] for each in fields(columns)))
