"""A book told by position is published by price, and its changes lead from one to the next."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck_server.adapters.ibkr.book import ASK, BID, BookTape
from quarterdeck_server.marketdata.domain.book import Book
from quarterdeck_server.marketdata.domain.faults import first_fault
from quarterdeck_server.marketdata.domain.instrument import Instrument, InstrumentClass

APPLE = Instrument(
    "AAPL.XNAS", "", InstrumentClass.EQUITY, "USD", 2, 0, Decimal("0.01"), Decimal(1)
)
CHANGES = st.tuples(
    st.integers(0, 6),
    st.sampled_from([0, 1, 2]),
    st.sampled_from([ASK, BID]),
    st.integers(0, 8),
    st.integers(0, 500),
)


def levels(book: Book) -> dict[int, dict[int, int]]:
    return {
        1: dict(zip(book.bid_price.tolist(), book.bid_size.tolist(), strict=True)),
        2: dict(zip(book.ask_price.tolist(), book.ask_size.tolist(), strict=True)),
    }


def price(side: int, steps: int) -> float:
    """Sides may cross, since both reach over the middle."""
    return 100 + (steps - 1) * (0.01 if side == ASK else -0.01)


@given(st.lists(CHANGES, max_size=60), st.integers(1, 5))
def test_changes_applied_to_a_book_are_the_next_book(changes, depth):
    tape, known = BookTape(depth), {1: {}, 2: {}}
    for time_ns, (position, operation, side, steps, size) in enumerate(changes, start=1):
        tape.level(position, operation, side, price(side, steps), size)
        for part in tape.take(APPLE, time_ns):
            assert first_fault(part, APPLE, 10**18) is None
            if isinstance(part, Book):
                known = levels(part)
                continue
            for number, level, whole in zip(part.side, part.price, part.size, strict=True):
                known[int(number)][int(level)] = int(whole)
            known = {side: {k: v for k, v in each.items() if v} for side, each in known.items()}
    tape.distrust()
    tape.level(99, 2, BID, 0, 0)
    for part in tape.take(APPLE, 10**9):
        assert levels(part) == known


def test_a_whole_book_comes_again_after_a_while():
    tape = BookTape(3)
    tape.level(0, 0, BID, 99.99, 100)
    tape.level(0, 0, ASK, 100.01, 100)
    assert [type(part).__name__ for part in tape.take(APPLE, 1)] == ["Book"]
    tape.level(0, 1, BID, 99.99, 200)
    later = 11 * 10**9
    assert [type(part).__name__ for part in tape.take(APPLE, later)] == ["Deltas", "Book"]
