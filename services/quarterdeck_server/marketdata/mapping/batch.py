"""Quotes, trades and bars on the wire: columns go over as whole buffers."""

from collections.abc import Callable, Mapping

from quarterdeck.api.marketdata.v1 import bar_pb2, quote_pb2, trade_pb2
from quarterdeck_server.marketdata.domain.columns import Bars, Batch, Quotes, Trades
from quarterdeck_server.runtime.convert import floats, ints


def quotes_from(message: quote_pb2.QuoteBatch) -> Quotes:
    """Read quotes."""
    return Quotes(
        instrument=message.instrument,
        price_precision=message.price_precision,
        size_precision=message.size_precision,
        event_time_ns=ints(message.event_time_ns),
        bid_price=ints(message.bid_price),
        ask_price=ints(message.ask_price),
        bid_size=ints(message.bid_size),
        ask_size=ints(message.ask_size),
    )


def trades_from(message: trade_pb2.TradeBatch) -> Trades:
    """Read trades."""
    return Trades(
        instrument=message.instrument,
        price_precision=message.price_precision,
        size_precision=message.size_precision,
        event_time_ns=ints(message.event_time_ns),
        price=ints(message.price),
        size=ints(message.size),
        aggressor_side=ints(message.aggressor_side),
        trade_id=tuple(message.trade_id),
    )


def bars_from(message: bar_pb2.BarBatch) -> Bars:
    """Read bars."""
    return Bars(
        instrument=message.instrument,
        interval=message.interval,
        close_time_ns=ints(message.close_time_ns),
        open=floats(message.open),
        high=floats(message.high),
        low=floats(message.low),
        close=floats(message.close),
        volume=floats(message.volume),
    )


def quotes_to(value: Quotes) -> quote_pb2.QuoteBatch:
    """Write quotes."""
    return quote_pb2.QuoteBatch(
        instrument=value.instrument,
        price_precision=value.price_precision,
        size_precision=value.size_precision,
        event_time_ns=value.event_time_ns,
        bid_price=value.bid_price,
        ask_price=value.ask_price,
        bid_size=value.bid_size,
        ask_size=value.ask_size,
    )


def trades_to(value: Trades) -> trade_pb2.TradeBatch:
    """Write trades."""
    return trade_pb2.TradeBatch(
        instrument=value.instrument,
        price_precision=value.price_precision,
        size_precision=value.size_precision,
        event_time_ns=value.event_time_ns,
        price=value.price,
        size=value.size,
        aggressor_side=value.aggressor_side.tolist(),
        trade_id=value.trade_id,
    )


def bars_to(value: Bars) -> bar_pb2.BarBatch:
    """Write bars."""
    return bar_pb2.BarBatch(
        instrument=value.instrument,
        interval=value.interval,
        close_time_ns=value.close_time_ns,
        open=value.open,
        high=value.high,
        low=value.low,
        close=value.close,
        volume=value.volume,
    )


def payload(batch: Batch) -> bytes:
    """Encode a batch as the bus carries it."""
    if isinstance(batch, Quotes):
        return quotes_to(batch).SerializeToString()
    if isinstance(batch, Trades):
        return trades_to(batch).SerializeToString()
    return bars_to(batch).SerializeToString()


PARSERS: Mapping[str, Callable[[bytes], Batch]] = {
    "quotes": lambda data: quotes_from(quote_pb2.QuoteBatch.FromString(data)),
    "trades": lambda data: trades_from(trade_pb2.TradeBatch.FromString(data)),
    "bars": lambda data: bars_from(bar_pb2.BarBatch.FromString(data)),
}
"""How the payload of a topic of history is read, by the topic's kind."""
