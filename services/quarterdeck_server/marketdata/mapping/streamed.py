"""What is streamed only, on the wire: books, their changes, and phases of trading."""

from quarterdeck.api.marketdata.v1 import book_pb2, status_pb2
from quarterdeck_server.marketdata.domain.book import Book, Deltas
from quarterdeck_server.marketdata.domain.publication import Publishable
from quarterdeck_server.marketdata.domain.status import Status, TradingPhase
from quarterdeck_server.marketdata.mapping import batch
from quarterdeck_server.runtime.convert import ints


def book_from(message: book_pb2.OrderBookSnapshot) -> Book:
    """Read a book."""
    return Book(
        instrument=message.instrument,
        price_precision=message.price_precision,
        size_precision=message.size_precision,
        event_time_ns=message.event_time_ns,
        bid_price=ints(message.bid_price),
        bid_size=ints(message.bid_size),
        ask_price=ints(message.ask_price),
        ask_size=ints(message.ask_size),
    )


def deltas_from(message: book_pb2.OrderBookDeltaBatch) -> Deltas:
    """Read changes of a book."""
    return Deltas(
        instrument=message.instrument,
        price_precision=message.price_precision,
        size_precision=message.size_precision,
        event_time_ns=ints(message.event_time_ns),
        side=ints(message.side),
        price=ints(message.price),
        size=ints(message.size),
    )


def status_from(message: status_pb2.InstrumentStatus) -> Status:
    """Read a phase of trading."""
    change = message.HasField("next_change_time_ns")
    return Status(
        instrument=message.instrument,
        phase=TradingPhase(message.phase),
        event_time_ns=message.event_time_ns,
        next_change_time_ns=message.next_change_time_ns if change else None,
        note=message.note,
    )


def book_to(value: Book) -> book_pb2.OrderBookSnapshot:
    """Write a book."""
    return book_pb2.OrderBookSnapshot(
        instrument=value.instrument,
        price_precision=value.price_precision,
        size_precision=value.size_precision,
        event_time_ns=value.event_time_ns,
        bid_price=value.bid_price,
        bid_size=value.bid_size,
        ask_price=value.ask_price,
        ask_size=value.ask_size,
    )


def deltas_to(value: Deltas) -> book_pb2.OrderBookDeltaBatch:
    """Write changes of a book."""
    return book_pb2.OrderBookDeltaBatch(
        instrument=value.instrument,
        price_precision=value.price_precision,
        size_precision=value.size_precision,
        event_time_ns=value.event_time_ns,
        side=value.side.tolist(),
        price=value.price,
        size=value.size,
    )


def status_to(value: Status) -> status_pb2.InstrumentStatus:
    """Write a phase of trading."""
    return status_pb2.InstrumentStatus(
        instrument=value.instrument,
        phase=status_pb2.TradingPhase.ValueType(value.phase),
        event_time_ns=value.event_time_ns,
        next_change_time_ns=value.next_change_time_ns,
        note=value.note,
    )


def payload(value: Publishable) -> bytes:
    """Encode what is published as the bus carries it."""
    match value:
        case Book():
            return book_to(value).SerializeToString()
        case Deltas():
            return deltas_to(value).SerializeToString()
        case Status():
            return status_to(value).SerializeToString()
        case _:
            return batch.payload(value)
