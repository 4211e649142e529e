"""Which rows cannot be accepted: whole columns are compared at once, the first fault is named."""

from collections.abc import Iterator

import numpy as np

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.book import Book, Deltas
from quarterdeck_server.marketdata.domain.book_faults import (
    book_faults,
    delta_faults,
    status_faults,
)
from quarterdeck_server.marketdata.domain.columns import Bars, Quotes, Trades
from quarterdeck_server.marketdata.domain.fault import (
    Fault,
    fault,
    precision_faults,
    shape_faults,
    time_faults,
)
from quarterdeck_server.marketdata.domain.instrument import Instrument
from quarterdeck_server.marketdata.domain.publication import Publishable

MAX_TRADE_ID = 64
MAX_SIDE = 2


def check(batch: Publishable, instrument: Instrument, latest_ns: int, field: str) -> None:
    """Refuse a batch with a fault, naming its place below ``field``.

    ``latest_ns`` is the latest event time that is taken for true.
    """
    found = first_fault(batch, instrument, latest_ns)
    if found is not None:
        raise InvalidField(found.path(field), found.problem)


def first_fault(batch: Publishable, instrument: Instrument, latest_ns: int) -> Fault | None:
    """Return what is wrong with a batch, if anything is."""
    found = _faults(batch, instrument, latest_ns)
    return next((each for each in found if each is not None), None)


def _faults(batch: Publishable, instrument: Instrument, latest_ns: int) -> Iterator[Fault | None]:
    match batch:
        case Quotes():
            return _quote_faults(batch, instrument, latest_ns)
        case Trades():
            return _trade_faults(batch, instrument, latest_ns)
        case Bars():
            return _bar_faults(batch, instrument, latest_ns)
        case Book():
            return book_faults(batch, instrument, latest_ns)
        case Deltas():
            return delta_faults(batch, instrument, latest_ns)
        case _:
            return status_faults(batch, latest_ns)


def _quote_faults(quotes: Quotes, instrument: Instrument, latest_ns: int) -> Iterator[Fault | None]:
    yield from precision_faults(quotes, instrument)
    names = ("bid_price", "ask_price", "bid_size", "ask_size")
    yield from shape_faults(quotes, "event_time_ns", names)
    yield from time_faults("event_time_ns", quotes.event_time_ns, latest_ns)
    bid, ask = quotes.bid_price, quotes.ask_price
    if not instrument.may_be_negative:
        yield fault("bid_price", bid, bid <= 0, "must be positive")
    yield fault("bid_price", bid, bid > ask, "must not be above the ask price")
    yield fault("bid_size", quotes.bid_size, quotes.bid_size < 0, "must not be negative")
    yield fault("ask_size", quotes.ask_size, quotes.ask_size < 0, "must not be negative")


def _trade_faults(trades: Trades, instrument: Instrument, latest_ns: int) -> Iterator[Fault | None]:
    yield from precision_faults(trades, instrument)
    yield from shape_faults(trades, "event_time_ns", ("price", "size", "aggressor_side"))
    yield from time_faults("event_time_ns", trades.event_time_ns, latest_ns)
    if not instrument.may_be_negative:
        yield fault("price", trades.price, trades.price <= 0, "must be positive")
    yield fault("size", trades.size, trades.size <= 0, "must be positive")
    side = trades.aggressor_side
    yield fault("aggressor_side", side, (side < 0) | (side > MAX_SIDE), "is no aggressor side")
    yield _trade_id_fault(trades)


def _bar_faults(bars: Bars, instrument: Instrument, latest_ns: int) -> Iterator[Fault | None]:
    prices = ("open", "high", "low", "close")
    yield from shape_faults(bars, "close_time_ns", (*prices, "volume"))
    yield from time_faults("close_time_ns", bars.close_time_ns, latest_ns)
    for name in (*prices, "volume"):
        column = getattr(bars, name)
        yield fault(name, column, ~np.isfinite(column), "must be a finite number")
    if not instrument.may_be_negative:
        yield fault("low", bars.low, bars.low <= 0, "must be positive")
    yield fault("high", bars.high, bars.high < bars.low, "must not be below the low")
    for name in ("open", "close"):
        column = getattr(bars, name)
        outside = (column < bars.low) | (column > bars.high)
        yield fault(name, column, outside, "must lie between the low and the high")
    yield fault("volume", bars.volume, bars.volume < 0, "must not be negative")


def _trade_id_fault(trades: Trades) -> Fault | None:
    identifiers = trades.trade_id
    if identifiers and len(identifiers) != len(trades):
        problem = f"must be empty or have {len(trades)} rows, was {len(identifiers)}"
        return Fault("trade_id", None, problem)
    for row, identifier in enumerate(identifiers):
        if len(identifier) > MAX_TRADE_ID or "\0" in identifier:
            return Fault("trade_id", row, f"must have at most {MAX_TRADE_ID} plain characters")
    return None
