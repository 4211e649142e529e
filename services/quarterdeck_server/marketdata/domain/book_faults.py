"""Which books, changes of books and phases cannot be accepted."""

from collections.abc import Iterator

import numpy as np

from quarterdeck_server.marketdata.domain.book import Book, Deltas
from quarterdeck_server.marketdata.domain.fault import (
    Fault,
    fault,
    length_faults,
    precision_faults,
    shape_faults,
    time_fault,
    time_faults,
)
from quarterdeck_server.marketdata.domain.instrument import Instrument
from quarterdeck_server.marketdata.domain.status import Status

MAX_LEVELS = 10_000
MAX_SIDE = 2
MAX_NOTE = 500


def book_faults(book: Book, instrument: Instrument, latest_ns: int) -> Iterator[Fault | None]:
    """Return what is wrong with a book: a side out of order, or the two crossed."""
    yield from precision_faults(book, instrument)
    yield from length_faults(book, "bid_price", ["bid_size"])
    yield from length_faults(book, "ask_price", ["ask_size"])
    yield time_fault("event_time_ns", book.event_time_ns, latest_ns)
    for side in ("bid", "ask"):
        yield from _side_faults(book, side, instrument)
    if len(book.bid_price) and len(book.ask_price) and book.bid_price[0] > book.ask_price[0]:
        yield Fault("bid_price", 0, f"must not be above the ask price, was {book.bid_price[0]}")


def delta_faults(deltas: Deltas, instrument: Instrument, latest_ns: int) -> Iterator[Fault | None]:
    """Return what is wrong with changes of a book."""
    yield from precision_faults(deltas, instrument)
    yield from shape_faults(deltas, "event_time_ns", ("side", "price", "size"))
    yield from time_faults("event_time_ns", deltas.event_time_ns, latest_ns)
    side = deltas.side
    yield fault("side", side, (side < 1) | (side > MAX_SIDE), "is no side of a book")
    if not instrument.may_be_negative:
        yield fault("price", deltas.price, deltas.price <= 0, "must be positive")
    yield fault("size", deltas.size, deltas.size < 0, "must not be negative")


def status_faults(status: Status, latest_ns: int) -> Iterator[Fault | None]:
    """Return what is wrong with a phase."""
    yield time_fault("event_time_ns", status.event_time_ns, latest_ns)
    change_ns = status.next_change_time_ns
    if change_ns is not None and change_ns <= status.event_time_ns:
        yield Fault("next_change_time_ns", None, f"must be after event_time_ns, was {change_ns}")
    if len(status.note) > MAX_NOTE or "\0" in status.note:
        yield Fault("note", None, f"must have at most {MAX_NOTE} plain characters")


def _side_faults(book: Book, side: str, instrument: Instrument) -> Iterator[Fault | None]:
    price, size = getattr(book, f"{side}_price"), getattr(book, f"{side}_size")
    if len(price) > MAX_LEVELS:
        yield Fault(f"{side}_price", None, f"must have at most {MAX_LEVELS:,} levels")
    if not instrument.may_be_negative:
        yield fault(f"{side}_price", price, price <= 0, "must be positive")
    yield fault(f"{side}_size", size, size <= 0, "must be positive")
    step = np.diff(price, prepend=price[:1])
    wrong = step >= 0 if side == "bid" else step <= 0
    wrong[:1] = False
    order = "below" if side == "bid" else "above"
    yield fault(f"{side}_price", price, wrong, f"must be {order} the level before")
