"""An order book is what its events say, and says when it is not."""

from decimal import Decimal

from quarterdeck import Event, Gap, Level, OrderBook
from quarterdeck.api.marketdata.v1.book_pb2 import (
    BOOK_SIDE_ASK,
    BOOK_SIDE_BID,
    OrderBookDeltaBatch,
    OrderBookSnapshot,
)

NAME = "AAPL.XNAS"


def snapshot(time_ns: int, bid: int = 10_000, ask: int = 10_001) -> Event:
    payload = OrderBookSnapshot(
        instrument=NAME,
        price_precision=2,
        event_time_ns=time_ns,
        bid_price=[bid, bid - 1],
        bid_size=[5, 7],
        ask_price=[ask],
        ask_size=[3],
    )
    return Event(f"books/{NAME}", "books", 1, time_ns, 1, time_ns, payload)


def deltas(sequence: int, *rows: tuple[int, int, int, int]) -> Event:
    times, sides, prices, sizes = zip(*rows, strict=True)
    payload = OrderBookDeltaBatch(
        instrument=NAME,
        price_precision=2,
        event_time_ns=times,
        side=sides,
        price=prices,
        size=sizes,
    )
    return Event(f"deltas/{NAME}", "deltas", 1, sequence, len(rows), times[-1], payload)


def book(*items: Event) -> OrderBook:
    made = OrderBook(NAME)
    for item in items:
        made.apply(item)
    return made


def test_changes_after_a_snapshot_make_the_book() -> None:
    changed = deltas(1, (2, BOOK_SIDE_BID, 10_000, 0), (3, BOOK_SIDE_ASK, 10_000, 4))
    made = book(snapshot(1), changed)
    assert made.is_complete
    assert made.bids() == [Level(Decimal("99.99"), Decimal(7))]
    assert made.best_ask == Level(Decimal("100.00"), Decimal(4))
    assert made.event_time_ns == 3


def test_changes_older_than_the_snapshot_are_in_it() -> None:
    made = book(snapshot(5), deltas(1, (4, BOOK_SIDE_BID, 10_000, 0)))
    assert made.is_complete
    assert made.best_bid == Level(Decimal("100.00"), Decimal(5))


def test_who_begins_in_the_middle_waits_for_the_next_snapshot() -> None:
    made = book(snapshot(1), deltas(7, (4, BOOK_SIDE_BID, 10_000, 0)))
    assert not made.is_complete
    assert not made.apply(snapshot(3))
    assert made.apply(snapshot(5))
    assert made.is_complete


def test_a_lost_change_makes_the_book_wait() -> None:
    made = book(snapshot(1), deltas(1, (2, BOOK_SIDE_BID, 9_998, 1)))
    made.apply(Gap(topic="deltas/MSFT.XNAS"))
    assert made.is_complete
    made.apply(Gap(topic=f"deltas/{NAME}"))
    assert not made.is_complete
    made.apply(deltas(9, (8, BOOK_SIDE_BID, 9_998, 1)))
    made.apply(snapshot(9))
    assert made.is_complete
