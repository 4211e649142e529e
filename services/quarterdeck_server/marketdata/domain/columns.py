"""Market data in columns: index i of every column is one row. Nothing here checks them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.kernel.topics import topic

type Ints = NDArray[np.int64]
type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """Best bids and offers of one instrument; prices and sizes are scaled integers."""

    instrument: str
    price_precision: int
    size_precision: int
    event_time_ns: Ints
    bid_price: Ints
    ask_price: Ints
    bid_size: Ints
    ask_size: Ints

    @property
    def topic(self) -> str:
        """Where they are published."""
        return topic("quotes", self.instrument)

    @property
    def times(self) -> Ints:
        """When each row came to be."""
        return self.event_time_ns

    def __len__(self) -> int:
        return len(self.event_time_ns)

    def rows(self, part: slice) -> "Quotes":
        """Return some of the rows."""
        columns = (self.bid_price, self.ask_price, self.bid_size, self.ask_size)
        return Quotes(
            self.instrument,
            self.price_precision,
            self.size_precision,
            self.event_time_ns[part],
            *(column[part] for column in columns),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Trades:
    """Trades of one instrument; ``trade_id`` is empty or has one for each row."""

    instrument: str
    price_precision: int
    size_precision: int
    event_time_ns: Ints
    price: Ints
    size: Ints
    aggressor_side: Ints
    trade_id: tuple[str, ...] = ()

    @property
    def topic(self) -> str:
        """Where they are published."""
        return topic("trades", self.instrument)

    @property
    def times(self) -> Ints:
        """When each row came to be."""
        return self.event_time_ns

    def __len__(self) -> int:
        return len(self.event_time_ns)

    def rows(self, part: slice) -> "Trades":
        """Return some of the rows."""
        return Trades(
            self.instrument,
            self.price_precision,
            self.size_precision,
            self.event_time_ns[part],
            self.price[part],
            self.size[part],
            self.aggressor_side[part],
            self.trade_id[part],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Bars of one instrument and interval."""

    instrument: str
    interval: str
    close_time_ns: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @property
    def topic(self) -> str:
        """Where they are published."""
        return topic("bars", self.interval, self.instrument)

    @property
    def times(self) -> Ints:
        """When each row came to be."""
        return self.close_time_ns

    def __len__(self) -> int:
        return len(self.close_time_ns)

    def rows(self, part: slice) -> "Bars":
        """Return some of the rows."""
        columns = (self.open, self.high, self.low, self.close, self.volume)
        return Bars(
            self.instrument,
            self.interval,
            self.close_time_ns[part],
            *(column[part] for column in columns),
        )


type Batch = Quotes | Trades | Bars
KINDS: dict[type, str] = {Quotes: "quotes", Trades: "trades", Bars: "bars"}


def kind(batch: Batch) -> str:
    """Return the first part of the batch's topic."""
    return KINDS[type(batch)]
