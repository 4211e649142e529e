"""What the market did in an instrument around orders, and what the instrument is."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.analytics.domain.execution.orders import Texts
from quarterdeck_server.quant.execution.benchmark import Times
from quarterdeck_server.quant.series import Dates, FloatArray

DAY_NS = 86_400_000_000_000

type Sources = NDArray[np.int8]


class Source(IntEnum):
    """Where a price comes from."""

    NONE = 0
    QUOTES = 1
    TRADES = 2
    BARS = 3


def _no_times() -> Times:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Facts:
    """What costs in an instrument depend on."""

    currency: str
    multiplier: float = 1.0
    is_inverse: bool = False


@dataclass(frozen=True, slots=True)
class Quotes:
    """Middle prices, times never decreasing, shape (m,)."""

    time_ns: Times = field(default_factory=_no_times)
    price: FloatArray = field(default_factory=lambda: np.empty(0))

    def joined(self, other: Self) -> Self:
        """Return both, in the order of time."""
        time_ns = np.concatenate((self.time_ns, other.time_ns))
        order = np.argsort(time_ns, kind="stable")
        return type(self)(time_ns[order], np.concatenate((self.price, other.price))[order])


@dataclass(frozen=True, slots=True)
class Trades:
    """Trades, times never decreasing, shape (m,)."""

    time_ns: Times = field(default_factory=_no_times)
    price: FloatArray = field(default_factory=lambda: np.empty(0))
    size: FloatArray = field(default_factory=lambda: np.empty(0))
    trade_id: Texts | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars, oldest first, shape (m,)."""

    span_ns: int
    close_ns: Times = field(default_factory=_no_times)
    typical: FloatArray = field(default_factory=lambda: np.empty(0))
    """The mean of high, low and close: about what was paid."""
    close: FloatArray = field(default_factory=lambda: np.empty(0))
    volume: FloatArray = field(default_factory=lambda: np.empty(0))

    @property
    def days(self) -> "Days":
        """The last bar of each day; one that closes at midnight is of the day before."""
        days = ((self.close_ns - 1) // DAY_NS).astype("datetime64[D]")
        last = np.append(days[1:] != days[:-1], True) if len(days) else np.empty(0, np.bool_)
        return Days(days[last], self.close[last], self.volume[last])


@dataclass(frozen=True, slots=True)
class Days:
    """The closes and volumes of days in UTC, shape (m,)."""

    dates: Dates
    close: FloatArray
    volume: FloatArray

    @property
    def end_ns(self) -> int:
        """When the last day ended; 0 without one."""
        return (int(self.dates[-1].astype(np.int64)) + 1) * DAY_NS if len(self.dates) else 0


@dataclass(frozen=True, slots=True)
class Market:
    """Prices of an instrument around orders; what was not recorded is empty."""

    facts: Facts
    quotes: Quotes = field(default_factory=Quotes)
    newest_ns: int = 0
    """Up to when quotes are known."""
    trades: Trades = field(default_factory=Trades)
    bars: tuple[Bars, ...] = ()
    """The finest first, those of days last."""

    @property
    def days(self) -> Days:
        """The days, if bars of days were read."""
        return (self.bars[-1] if self.bars else Bars(DAY_NS)).days
