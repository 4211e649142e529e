"""Books, changes of books and phases: which are refused, and how their place is named."""

import pytest
from tests.unit.marketdata.batches import NOW_NS, instrument, ints

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.book import Book, Deltas
from quarterdeck_server.marketdata.domain.faults import check, first_fault
from quarterdeck_server.marketdata.domain.status import Schedule, Status, TradingPhase


def book(**values):
    sides = {
        "event_time_ns": 1,
        "bid_price": ints(100, 99, 97),
        "bid_size": ints(1, 2, 3),
        "ask_price": ints(101, 102),
        "ask_size": ints(1, 1),
    }
    return Book("AAPL.XNAS", 2, 0, **sides | values)


def deltas(**values):
    columns = {
        "event_time_ns": ints(1, 2),
        "side": ints(1, 2),
        "price": ints(100, 101),
        "size": ints(0, 5),
    }
    return Deltas("AAPL.XNAS", 2, 0, **columns | values)


def status(**values):
    return Status(
        **{"instrument": "AAPL.XNAS", "phase": TradingPhase.OPEN, "event_time_ns": 5} | values
    )


EMPTY = {"bid_price": ints(), "bid_size": ints(), "ask_price": ints(), "ask_size": ints()}


@pytest.mark.parametrize("good", [book(), book(**EMPTY), deltas(), status()])
def test_what_is_right_has_no_fault(good):
    assert first_fault(good, instrument(), NOW_NS) is None


@pytest.mark.parametrize(
    ("bad", "place"),
    [
        (book(bid_price=ints(100, 99, 99)), "bid_price[2]"),
        (book(ask_price=ints(102, 101)), "ask_price[1]"),
        (book(ask_price=ints(99, 102)), "bid_price[0]"),
        (book(bid_size=ints(1, 0, 1)), "bid_size[1]"),
        (book(ask_size=ints(1)), "ask_size"),
        (book(bid_price=ints(100, 99, 0)), "bid_price[2]"),
        (book(event_time_ns=NOW_NS + 1), "event_time_ns"),
        (deltas(side=ints(1, 3)), "side[1]"),
        (deltas(size=ints(1, -1)), "size[1]"),
        (deltas(price=ints(0, 1)), "price[0]"),
        (deltas(price=ints(1)), "price"),
        (status(event_time_ns=0), "event_time_ns"),
        (status(next_change_time_ns=5), "next_change_time_ns"),
        (status(note="x" * 501), "note"),
    ],
)
def test_the_first_fault_is_named(bad, place):
    with pytest.raises(InvalidField) as caught:
        check(bad, instrument(), NOW_NS, "books[7]")
    assert caught.value.field == f"books[7].{place}"


def test_a_schedule_knows_the_phase_of_a_moment_and_its_ends():
    schedule = Schedule([(10, 20), (20, 30), (40, 50)], 60)
    found = [schedule.at(now) for now in (5, 10, 25, 30, 45, 50)]
    assert [phase.is_open for phase in found] == [False, True, True, False, True, False]
    assert [(phase.since_ns, phase.until_ns) for phase in found] == [
        (None, 10),
        (10, 30),
        (10, 30),
        (30, 40),
        (40, 50),
        (50, None),
    ]
