"""Market data by the row, with exact numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from quarterdeck.api.marketdata.v1.bar_pb2 import BarBatch
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.marketdata.v1.trade_pb2 import AggressorSide, TradeBatch
from quarterdeck.numbers import unscaled


@dataclass(frozen=True, slots=True)
class Quote:
    """A best bid and offer."""

    instrument: str
    event_time_ns: int
    """Nanoseconds since the Unix epoch."""
    bid_price: Decimal
    ask_price: Decimal
    bid_size: Decimal
    ask_size: Decimal


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade."""

    instrument: str
    event_time_ns: int
    """Nanoseconds since the Unix epoch."""
    price: Decimal
    size: Decimal
    aggressor_side: AggressorSide.ValueType
    """Who took liquidity."""
    trade_id: str
    """The venue's identifier, if it has one."""


@dataclass(frozen=True, slots=True)
class Bar:
    """The prices of an interval."""

    instrument: str
    interval: str
    """For example ``1d``."""
    close_time_ns: int
    """When the bar closed, in nanoseconds since the Unix epoch."""
    open: float
    high: float
    low: float
    close: float
    volume: float


type Row = Quote | Trade | Bar


def rows_of(batch: QuoteBatch | TradeBatch | BarBatch) -> Sequence[Row]:
    """Expand a batch into its rows."""
    if isinstance(batch, QuoteBatch):
        return quotes(batch)
    return trades(batch) if isinstance(batch, TradeBatch) else bars(batch)


def quotes(batch: QuoteBatch) -> list[Quote]:
    """Expand quotes."""
    price, size = batch.price_precision, batch.size_precision
    columns = zip(
        batch.event_time_ns,
        unscaled(batch.bid_price, price),
        unscaled(batch.ask_price, price),
        unscaled(batch.bid_size, size),
        unscaled(batch.ask_size, size),
        strict=True,
    )
    return [Quote(batch.instrument, *row) for row in columns]


def trades(batch: TradeBatch) -> list[Trade]:
    """Expand trades."""
    columns = zip(
        batch.event_time_ns,
        unscaled(batch.price, batch.price_precision),
        unscaled(batch.size, batch.size_precision),
        batch.aggressor_side,
        batch.trade_id or [""] * len(batch.event_time_ns),
        strict=True,
    )
    return [Trade(batch.instrument, *row) for row in columns]


def bars(batch: BarBatch) -> list[Bar]:
    """Expand bars."""
    columns = zip(
        batch.close_time_ns,
        batch.open,
        batch.high,
        batch.low,
        batch.close,
        batch.volume,
        strict=True,
    )
    return [Bar(batch.instrument, batch.interval, *row) for row in columns]
