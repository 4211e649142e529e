"""Market data from the bus to newest prices."""

import math
from collections.abc import Callable, Mapping
from decimal import Decimal

from google.protobuf.message import DecodeError

from quarterdeck.api.marketdata.v1 import bar_pb2, quote_pb2, trade_pb2
from quarterdeck_server.trading.domain.price import Last, Quote


def quote_from(payload: bytes) -> Quote | None:
    """Read the newest quote of a batch; a price of zero is an empty side."""
    batch = quote_pb2.QuoteBatch.FromString(payload)
    if not batch.event_time_ns:
        return None
    scale = batch.price_precision
    return Quote(
        instrument=batch.instrument,
        bid=_side(batch.bid_price[-1], scale),
        ask=_side(batch.ask_price[-1], scale),
        time_ns=batch.event_time_ns[-1],
    )


def trade_from(payload: bytes) -> Last | None:
    """Read the newest trade of a batch."""
    batch = trade_pb2.TradeBatch.FromString(payload)
    if not batch.event_time_ns:
        return None
    price = _scaled(batch.price[-1], batch.price_precision)
    return Last(batch.instrument, price, batch.event_time_ns[-1])


def bar_from(payload: bytes) -> Last | None:
    """Read the close of the newest bar of a batch."""
    batch = bar_pb2.BarBatch.FromString(payload)
    if not batch.close_time_ns or not math.isfinite(batch.close[-1]):
        return None
    return Last(batch.instrument, Decimal(repr(batch.close[-1])), batch.close_time_ns[-1])


PRICES: Mapping[str, Callable[[bytes], Quote | Last | None]] = {
    "quotes": quote_from,
    "trades": trade_from,
    "bars": bar_from,
}
"""How the newest price is read, by the kind of topic."""


def price_from(kind: str, payload: bytes) -> Quote | Last | None:
    """Read the newest price of a payload; ``None`` if there is none to be read."""
    try:
        return PRICES[kind](payload)
    except (DecodeError, IndexError):
        return None


def _side(scaled: int, scale: int) -> Decimal | None:
    return _scaled(scaled, scale) if scaled else None


def _scaled(value: int, scale: int) -> Decimal:
    return Decimal(value).scaleb(-scale)
