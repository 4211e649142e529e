"""Market data to publish, as columns of plain numbers."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from quarterdeck.api.marketdata.v1.bar_pb2 import BarBatch
from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishStreamRequest
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.marketdata.v1.trade_pb2 import AggressorSide, TradeBatch
from quarterdeck.errors import invalid_field
from quarterdeck.numbers import Number, scaled


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotes:
    """Best bids and offers of one instrument: index i of every column is one quote."""

    instrument: str
    price_precision: int
    """Digits after the point of a price, as the instrument has them."""
    size_precision: int
    """Digits after the point of a size, as the instrument has them."""
    event_time_ns: Sequence[int]
    """Nanoseconds since the Unix epoch."""
    bid_price: Sequence[Number]
    ask_price: Sequence[Number]
    bid_size: Sequence[Number]
    ask_size: Sequence[Number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trades:
    """Trades of one instrument: index i of every column is one trade."""

    instrument: str
    price_precision: int
    """Digits after the point of a price, as the instrument has them."""
    size_precision: int
    """Digits after the point of a size, as the instrument has them."""
    event_time_ns: Sequence[int]
    """Nanoseconds since the Unix epoch."""
    price: Sequence[Number]
    size: Sequence[Number]
    aggressor_side: Sequence[AggressorSide.ValueType]
    """Who took liquidity."""
    trade_id: Sequence[str] = ()
    """The venue's identifiers; either none or one for each trade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Bars of one instrument and interval: index i of every column is one bar."""

    instrument: str
    interval: str
    """The length of a bar, for example ``1d``."""
    close_time_ns: Sequence[int]
    """When each bar closed, in nanoseconds since the Unix epoch."""
    open: Sequence[float]
    high: Sequence[float]
    low: Sequence[float]
    close: Sequence[float]
    volume: Sequence[float]


BAR_VALUES = ("open", "high", "low", "close", "volume")


def quote_batches(batches: Iterable[Quotes]) -> list[QuoteBatch]:
    """Scale the numbers of quotes; raises InvalidRequest naming the field."""
    return [_quotes(batch, f"quotes[{i}]") for i, batch in enumerate(batches)]


def trade_batches(batches: Iterable[Trades]) -> list[TradeBatch]:
    """Scale the numbers of trades; raises InvalidRequest naming the field."""
    return [_trades(batch, f"trades[{i}]") for i, batch in enumerate(batches)]


def bar_batches(batches: Iterable[Bars]) -> list[BarBatch]:
    """Check the numbers of bars; raises InvalidRequest naming the field."""
    return [_bars(batch, f"bars[{i}]") for i, batch in enumerate(batches)]


def stream_request(batch: Quotes | Trades | Bars) -> PublishStreamRequest:
    """Make the request of one batch; raises InvalidRequest naming the field."""
    match batch:
        case Quotes():
            return PublishStreamRequest(quotes=quote_batches([batch]))
        case Trades():
            return PublishStreamRequest(trades=trade_batches([batch]))
        case Bars():
            return PublishStreamRequest(bars=bar_batches([batch]))


def _quotes(batch: Quotes, path: str) -> QuoteBatch:
    prices = _scaled(batch, ("bid_price", "ask_price"), batch.price_precision, path)
    sizes = _scaled(batch, ("bid_size", "ask_size"), batch.size_precision, path)
    _check_lengths(batch, path)
    return QuoteBatch(
        instrument=batch.instrument,
        price_precision=batch.price_precision,
        size_precision=batch.size_precision,
        event_time_ns=batch.event_time_ns,
        bid_price=prices["bid_price"],
        ask_price=prices["ask_price"],
        bid_size=sizes["bid_size"],
        ask_size=sizes["ask_size"],
    )


def _trades(batch: Trades, path: str) -> TradeBatch:
    _check_lengths(batch, path)
    return TradeBatch(
        instrument=batch.instrument,
        price_precision=batch.price_precision,
        size_precision=batch.size_precision,
        event_time_ns=batch.event_time_ns,
        price=scaled(batch.price, batch.price_precision, f"{path}.price"),
        size=scaled(batch.size, batch.size_precision, f"{path}.size"),
        aggressor_side=batch.aggressor_side,
        trade_id=batch.trade_id,
    )


def _bars(batch: Bars, path: str) -> BarBatch:
    _check_lengths(batch, path)
    for name in BAR_VALUES:
        for i, value in enumerate(getattr(batch, name)):
            if not math.isfinite(value):
                raise invalid_field(f"{path}.{name}[{i}]", f"must be finite, was {value}")
    return BarBatch(
        instrument=batch.instrument,
        interval=batch.interval,
        close_time_ns=batch.close_time_ns,
        open=batch.open,
        high=batch.high,
        low=batch.low,
        close=batch.close,
        volume=batch.volume,
    )


def _scaled(
    batch: Quotes, names: Sequence[str], precision: int, path: str
) -> Mapping[str, list[int]]:
    return {name: scaled(getattr(batch, name), precision, f"{path}.{name}") for name in names}


def _check_lengths(batch: Quotes | Trades | Bars, path: str) -> None:
    """Refuse columns that do not have one value for each row."""
    columns = {f.name: getattr(batch, f.name) for f in fields(batch)}
    times = columns.get("event_time_ns", columns.get("close_time_ns", ()))
    for name, column in columns.items():
        if isinstance(column, str | int) or (name == "trade_id" and len(column) == 0):
            continue
        if len(column) != len(times):
            problem = f"must have {len(times)} values as the times have, had {len(column)}"
            raise invalid_field(f"{path}.{name}", problem)
