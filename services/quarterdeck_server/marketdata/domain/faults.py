"""Which rows cannot be accepted: whole columns are compared at once, the first fault is named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.columns import Bars, Batch, Ints, Quotes, Trades
from quarterdeck_server.marketdata.domain.instrument import Instrument

MAX_TRADE_ID = 64
MAX_SIDE = 2
ALLOWED_SKEW_NS = 24 * 3_600 * 1_000_000_000

type Column = NDArray[Any]
type Wrong = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: a column, its row unless the whole column is at fault, and why."""

    column: str
    row: int | None
    problem: str

    def path(self, field: str) -> str:
        """Return the path of the fault in a request, for example "bars[0].close[3]"."""
        row = "" if self.row is None else f"[{self.row}]"
        return f"{field}.{self.column}{row}" if field else f"{self.column}{row}"


def check(batch: Batch, instrument: Instrument, now_ns: int, field: str) -> None:
    """Refuse a batch with a fault, naming its place below ``field``."""
    fault = first_fault(batch, instrument, now_ns)
    if fault is not None:
        raise InvalidField(fault.path(field), fault.problem)


def first_fault(batch: Batch, instrument: Instrument, now_ns: int) -> Fault | None:
    """Return what is wrong with a batch, if anything is."""
    if isinstance(batch, Quotes):
        faults = _quote_faults(batch, instrument, now_ns)
    elif isinstance(batch, Trades):
        faults = _trade_faults(batch, instrument, now_ns)
    else:
        faults = _bar_faults(batch, instrument, now_ns)
    return next((fault for fault in faults if fault is not None), None)


def _quote_faults(quotes: Quotes, instrument: Instrument, now_ns: int) -> Iterator[Fault | None]:
    yield from _precision_faults(quotes, instrument)
    names = ("bid_price", "ask_price", "bid_size", "ask_size")
    yield from _shape_faults(quotes, "event_time_ns", names)
    yield from _time_faults("event_time_ns", quotes.event_time_ns, now_ns)
    bid, ask = quotes.bid_price, quotes.ask_price
    if not instrument.may_be_negative:
        yield _fault("bid_price", bid, bid <= 0, "must be positive")
    yield _fault("bid_price", bid, bid > ask, "must not be above the ask price")
    yield _fault("bid_size", quotes.bid_size, quotes.bid_size < 0, "must not be negative")
    yield _fault("ask_size", quotes.ask_size, quotes.ask_size < 0, "must not be negative")


def _trade_faults(trades: Trades, instrument: Instrument, now_ns: int) -> Iterator[Fault | None]:
    yield from _precision_faults(trades, instrument)
    yield from _shape_faults(trades, "event_time_ns", ("price", "size", "aggressor_side"))
    yield from _time_faults("event_time_ns", trades.event_time_ns, now_ns)
    if not instrument.may_be_negative:
        yield _fault("price", trades.price, trades.price <= 0, "must be positive")
    yield _fault("size", trades.size, trades.size <= 0, "must be positive")
    side = trades.aggressor_side
    yield _fault("aggressor_side", side, (side < 0) | (side > MAX_SIDE), "is no aggressor side")
    yield _trade_id_fault(trades)


def _bar_faults(bars: Bars, instrument: Instrument, now_ns: int) -> Iterator[Fault | None]:
    prices = ("open", "high", "low", "close")
    yield from _shape_faults(bars, "close_time_ns", (*prices, "volume"))
    yield from _time_faults("close_time_ns", bars.close_time_ns, now_ns)
    for name in (*prices, "volume"):
        column = getattr(bars, name)
        yield _fault(name, column, ~np.isfinite(column), "must be a finite number")
    if not instrument.may_be_negative:
        yield _fault("low", bars.low, bars.low <= 0, "must be positive")
    yield _fault("high", bars.high, bars.high < bars.low, "must not be below the low")
    for name in ("open", "close"):
        column = getattr(bars, name)
        outside = (column < bars.low) | (column > bars.high)
        yield _fault(name, column, outside, "must lie between the low and the high")
    yield _fault("volume", bars.volume, bars.volume < 0, "must not be negative")


def _precision_faults(batch: Quotes | Trades, instrument: Instrument) -> Iterator[Fault | None]:
    for name in ("price_precision", "size_precision"):
        given, wanted = getattr(batch, name), getattr(instrument, name)
        if given != wanted:
            yield Fault(name, None, f"must be {wanted} as the instrument has it, was {given}")


def _shape_faults(batch: Batch, time: str, names: Sequence[str]) -> Iterator[Fault | None]:
    rows = len(batch)
    if not rows:
        yield Fault(time, None, "must have at least one row")
    for name in names:
        length = len(getattr(batch, name))
        if length != rows:
            yield Fault(name, None, f"must have {rows} rows as {time} has, was {length}")


def _time_faults(name: str, times: Ints, now_ns: int) -> Iterator[Fault | None]:
    yield _fault(name, times, times <= 0, "must be after 1970")
    yield _fault(name, times, times > now_ns + ALLOWED_SKEW_NS, "must not be in the future")


def _trade_id_fault(trades: Trades) -> Fault | None:
    identifiers = trades.trade_id
    if identifiers and len(identifiers) != len(trades):
        problem = f"must be empty or have {len(trades)} rows, was {len(identifiers)}"
        return Fault("trade_id", None, problem)
    for row, identifier in enumerate(identifiers):
        if len(identifier) > MAX_TRADE_ID or "\0" in identifier:
            return Fault("trade_id", row, f"must have at most {MAX_TRADE_ID} plain characters")
    return None


def _fault(name: str, column: Column, wrong: Wrong, problem: str) -> Fault | None:
    if not wrong.any():
        return None
    row = int(wrong.argmax())
    return Fault(name, row, f"{problem}, was {column[row]}")
