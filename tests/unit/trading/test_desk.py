"""The desk: every reader is told everything that changed, and nothing twice."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck_server.kernel.money import Money
from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.domain.price import Last, Quote
from quarterdeck_server.trading.domain.view import View
from quarterdeck_server.trading.portfolio import (
    Book,
    CostMethod,
    Fill,
    Flow,
    FlowKind,
    Instrument,
    Side,
)

EVERY = frozenset({"*"})
ALL = View("", "", EVERY, EVERY)
NAMES = tuple(f"I{number}.X" for number in range(4))


def fill(instrument: str, position: int, strategy: str = "S") -> Fill:
    return Fill(
        str(position), "A", instrument, strategy, Side.BUY, Decimal(1), Decimal(100), position
    )


@pytest.fixture
def desk() -> Desk:
    """One account with a position in each of four instruments."""
    made = Desk()
    made.add_account("A", "USD")
    for position, name in enumerate(NAMES, 1):
        made.add_instrument(Instrument(name, "USD"))
        made.apply(fill(name, position), position)
    made.flush()
    return made


def price(instrument: str, value: int, at: int = 10) -> Quote:
    return Quote(instrument, Decimal(value), Decimal(value), at)


def test_a_price_touches_its_own_positions_alone(desk: Desk) -> None:
    before = desk.version
    desk.price(price(NAMES[1], 110))
    desk.flush()
    changes = desk.changes(ALL, before)
    assert [key.instrument for key in changes.positions] == [NAMES[1]]
    assert {(p.strategy, p.unrealised) for p in changes.profits} == {("", 10), ("S", 10)}
    assert changes.cash == ()


def test_nothing_new_is_no_flush(desk: Desk) -> None:
    assert desk.flush() is None
    assert desk.changes(ALL, desk.version).is_empty


def test_a_price_that_changes_no_number_tells_no_profit(desk: Desk) -> None:
    desk.price(price(NAMES[0], 100))
    first = desk.flush()
    desk.price(price(NAMES[0], 100, at=20))
    second = desk.flush()
    assert first is not None
    assert second is not None
    assert second.profits == ()


def test_a_price_before_its_instrument_counts_once_the_instrument_is_known() -> None:
    desk = Desk()
    desk.add_account("A", "USD")
    desk.price(price("NEW.X", 105))
    desk.add_instrument(Instrument("NEW.X", "USD"))
    desk.apply(fill("NEW.X", 1), 1)
    flush = desk.flush()
    assert flush is not None
    assert {profit.unrealised for profit in flush.profits} == {5}


def test_a_price_that_cannot_be_one_is_counted_and_left_out(desk: Desk) -> None:
    desk.price(Last(NAMES[0], Decimal(-1), 10))
    assert desk.books.refused_prices == 1
    assert desk.flush() is None
    assert NAMES[0] in desk.unpriced


def test_both_cost_methods_see_the_newest_price(desk: Desk) -> None:
    desk.price(price(NAMES[0], 110))
    desk.flush()
    average = desk.profits(ALL, CostMethod.AVERAGE)
    assert average == desk.profits(ALL, CostMethod.FIFO)
    assert average[0].unrealised == 10


def test_cash_from_outside_is_equity_and_no_profit(desk: Desk) -> None:
    money = Money(Decimal(1_000), "USD")
    desk.transfer(Flow("f", "A", FlowKind.DEPOSIT, money, 1), 9)
    flush = desk.flush()
    assert flush is not None
    account = flush.profits[0]
    assert (account.equity, account.total) == (1_000, 0)


def test_a_restored_desk_answers_alike(desk: Desk) -> None:
    desk.price(price(NAMES[0], 110))
    desk.flush()
    again = Desk()
    average, fifo = desk.books.saved()
    again.restore(Book.restore(average), Book.restore(fifo), desk.position)
    again.add_account("A", "USD")
    for name in NAMES:
        again.add_instrument(Instrument(name, "USD"))
    again.revalue_all()
    again.flush()
    keys = desk.keys(ALL, CostMethod.AVERAGE, open_only=False)
    assert again.keys(ALL, CostMethod.AVERAGE, open_only=False) == keys
    assert again.average.snapshot() == average
    ours, theirs = desk.changes(ALL, -1), again.changes(ALL, -1)
    assert [p.total for p in ours.profits] == [p.total for p in theirs.profits]
    assert ours.cash == theirs.cash


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(90, 110), st.booleans(), st.booleans()),
        max_size=40,
    )
)
def test_a_reader_that_takes_changes_now_and_then_ends_with_what_is(steps) -> None:
    desk = Desk()
    desk.add_account("A", "USD")
    for position, name in enumerate(NAMES, 1):
        desk.add_instrument(Instrument(name, "USD"))
        desk.apply(fill(name, position), position)
    desk.flush()
    seen, marks = -1, {}

    def take() -> int:
        for key in desk.changes(ALL, seen).positions:
            marks[key] = desk.average.mark(key.instrument)
        return desk.version

    for number, value, flushes, reads in steps:
        desk.price(price(NAMES[number], value))
        if flushes:
            desk.flush()
        if reads:
            seen = take()
    desk.flush()
    take()
    assert marks == {
        key: desk.average.mark(key.instrument)
        for key in desk.keys(ALL, CostMethod.AVERAGE, open_only=False)
    }


def test_cash_is_told_before_the_next_flush_to_who_asks(desk: Desk) -> None:
    desk.transfer(Flow("f", "A", FlowKind.DEPOSIT, Money(Decimal(5), "CHF"), 20), 9)
    assert Money(Decimal(5), "CHF") in [cash.money for cash in desk.cash_of(ALL)]


def test_the_firm_is_told_in_the_currency_that_all_accounts_share(desk: Desk) -> None:
    desk.add_account("B", "USD")
    desk.price(price(NAMES[0], 110))
    desk.flush()
    told = {(p.account, p.currency): p.total for p in desk.changes(ALL, -1).profits}
    assert told["", "USD"] == told["A", "USD"] == Decimal(10)


def test_without_a_shared_or_a_chosen_currency_the_firm_is_not_told(desk: Desk) -> None:
    desk.add_account("B", "EUR")
    desk.flush()
    assert all(p.account for p in desk.changes(ALL, -1).profits)
    assert all(p.account for p in desk.profits(ALL, CostMethod.AVERAGE))
    assert Desk("CHF").base_of("") == "CHF"


@pytest.mark.parametrize("view", [View("A", "", EVERY, EVERY), View("", "", EVERY, frozenset("S"))])
def test_who_asks_for_a_part_or_sees_a_part_is_not_told_of_the_firm(desk: Desk, view: View) -> None:
    assert all(p.account for p in desk.profits(view, CostMethod.AVERAGE))


def test_income_is_told_at_once_and_touches_its_position(desk: Desk) -> None:
    before = desk.version
    money = Money(Decimal(-3), "USD")
    paid = Flow("f", "A", FlowKind.FUNDING, money, 20, strategy="S", instrument=NAMES[2])
    desk.transfer(paid, 9)
    desk.flush()
    changes = desk.changes(ALL, before)
    assert [key.instrument for key in changes.positions] == [NAMES[2]]
    assert {(p.account, p.strategy, p.income) for p in changes.profits} == {
        ("", "", -3),
        ("A", "", -3),
        ("A", "S", -3),
    }
