"""The deck's market data as the engine's."""

from collections.abc import Callable

from nautilus_trader.core.data import Data
from nautilus_trader.model.data import Bar, QuoteTick, TradeTick
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.identifiers import InstrumentId, TradeId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price, Quantity

from quarterdeck.api.marketdata.v1.bar_pb2 import BarBatch
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.marketdata.v1.trade_pb2 import (
    AGGRESSOR_SIDE_BUYER,
    AGGRESSOR_SIDE_SELLER,
    TradeBatch,
)
from quarterdeck_node.engine.v1 import words

AGGRESSORS = {
    AGGRESSOR_SIDE_BUYER: AggressorSide.BUYER,
    AGGRESSOR_SIDE_SELLER: AggressorSide.SELLER,
}
type Finder = Callable[[InstrumentId], Instrument | None]


def quotes(batch: QuoteBatch) -> list[Data]:
    """Expand quotes; the engine has them when the market had them, whenever that was."""
    instrument = InstrumentId.from_str(batch.instrument)
    prices, sizes = batch.price_precision, batch.size_precision
    columns = zip(
        batch.event_time_ns,
        batch.bid_price,
        batch.ask_price,
        batch.bid_size,
        batch.ask_size,
        strict=True,
    )
    return [
        QuoteTick(
            instrument,
            words.price(bid, prices),
            words.price(ask, prices),
            words.quantity(bid_size, sizes),
            words.quantity(ask_size, sizes),
            time_ns,
            time_ns,
        )
        for time_ns, bid, ask, bid_size, ask_size in columns
    ]


def trades(batch: TradeBatch) -> list[Data]:
    """Expand trades."""
    instrument = InstrumentId.from_str(batch.instrument)
    # Not every venue names its trades, and the engine wants a name for each.
    names = batch.trade_id or [f"T-{time_ns}" for time_ns in batch.event_time_ns]
    columns = zip(
        batch.event_time_ns, batch.price, batch.size, batch.aggressor_side, names, strict=True
    )
    return [
        TradeTick(
            instrument,
            words.price(price, batch.price_precision),
            words.quantity(size, batch.size_precision),
            AGGRESSORS.get(side, AggressorSide.NO_AGGRESSOR),
            TradeId(name),
            time_ns,
            time_ns,
        )
        for time_ns, price, size, side, name in columns
    ]


def bars(batch: BarBatch, find: Finder) -> list[Data]:
    """Expand bars; those of an instrument that the engine does not know are left out."""
    instrument = find(InstrumentId.from_str(batch.instrument))
    if instrument is None:
        return []
    kind = words.bar_type(batch.instrument, batch.interval)
    prices, sizes = instrument.price_precision, instrument.size_precision
    columns = zip(
        batch.close_time_ns,
        batch.open,
        batch.high,
        batch.low,
        batch.close,
        batch.volume,
        strict=True,
    )
    return [
        Bar(
            kind,
            *(Price(value, prices) for value in values),
            Quantity(volume, sizes),
            time_ns,
            time_ns,
        )
        for time_ns, *values, volume in columns
    ]


def data(payload: object, find: Finder) -> list[Data]:
    """Expand a batch of any kind."""
    if isinstance(payload, QuoteBatch):
        return quotes(payload)
    if isinstance(payload, TradeBatch):
        return trades(payload)
    return bars(payload, find) if isinstance(payload, BarBatch) else []
