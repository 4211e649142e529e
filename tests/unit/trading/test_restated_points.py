"""How much points of curves move when a position turns out to have been another."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from quarterdeck_server.kernel.money import Money, exact
from quarterdeck_server.trading.domain.batch import Batch
from quarterdeck_server.trading.domain.restating import Prices, Track, Tracker, Turn, cash_shift
from quarterdeck_server.trading.portfolio import (
    BEGINNING,
    Book,
    Fill,
    Flow,
    FlowKind,
    Instrument,
    PositionKey,
    Settlement,
    Side,
    Split,
    replayed,
)
from quarterdeck_server.trading.portfolio.trace import Trace

SHARE = Instrument("A.X", "USD")
INVERSE = Instrument("I.X", "XBT", Decimal(100), is_inverse=True, settlement=Settlement.MARGINED)
TIMES = np.array([5, 15, 25], np.int64)
RATES = {"USD": 1.0, "EUR": 2.0, "XBT": 1_000.0}


def fill(quantity: str, price: str, at: int, side: Side = Side.BUY, fee: str = "0") -> Fill:
    paid = Money(Decimal(fee), "EUR")
    return Fill("f", "A", "A.X", "S", side, Decimal(quantity), Decimal(price), at, paid)


def turn(before: list, after: list, instrument: Instrument = SHARE) -> Turn:
    return Turn(instrument, *(track(side, instrument) for side in (before, after)))


def track(movements: list, instrument: Instrument) -> Track:
    book = Book()
    book.add_instrument(instrument)
    splits = [one for one in movements if isinstance(one, Split)]
    replay = book.past(PositionKey("A", instrument.id, "S"), BEGINNING, splits)
    found, traced = Tracker(), Trace(replay)
    with exact():
        found.add(traced.steps(replayed(one for one in movements if isinstance(one, Fill))))
        found.add(traced.rest())
    return found.track()


def rate(currency: str) -> float:
    return RATES.get(currency, 0.0)


def test_a_fill_that_was_not_known_is_worth_what_the_market_said() -> None:
    found = turn([], [fill("2", "10", 10, fee="1")])
    shift = found.shift(TIMES, Prices(np.array([12], np.int64), np.array([11.0])), rate)
    assert found.needs_price()
    assert shift.unrealised.tolist() == [0, 2, 2]
    assert shift.fees.tolist() == [0, 2, 2]
    assert shift.equity.tolist() == [0, 0, 0]
    assert shift.gross_exposure.tolist() == [0, 22, 22]


def test_before_the_first_price_a_position_is_worth_its_own_last_fill() -> None:
    prices = Prices(np.array([20], np.int64), np.array([13.0]))
    shift = turn([], [fill("2", "10", 10)]).shift(TIMES, prices, rate)
    assert shift.unrealised.tolist() == [0, 0, 6]


def test_another_price_of_a_fill_needs_no_market() -> None:
    found = turn([fill("2", "10", 1)], [fill("2", "9", 1)])
    shift = found.shift(TIMES, Prices(np.array([0], np.int64), np.array([10.0])), rate)
    assert not found.needs_price()
    assert shift.unrealised.tolist() == [2, 2, 2]


def test_what_was_realised_in_between_counts_from_its_time_on() -> None:
    sold = fill("2", "12", 20, Side.SELL)
    found = turn([sold], [fill("2", "10", 10), sold])
    shift = found.shift(TIMES, Prices(), rate)
    assert shift.realised.tolist() == [0, 0, 4]
    assert shift.equity.tolist() == [0, 0, 4]


def test_an_inverse_contract_is_told_in_the_currency_of_points() -> None:
    bought = replace(fill("1", "50", 10), instrument="I.X")
    prices = Prices(np.array([12], np.int64), np.array([100.0]))
    shift = turn([], [bought], INVERSE).shift(TIMES, prices, rate)
    assert shift.unrealised.tolist() == [0, 1_000, 1_000]


def test_a_split_changes_the_price_of_a_fill_of_before_it() -> None:
    split = Split("s", "A.X", Decimal(2), Decimal(1), 12)
    found = turn([], [fill("2", "10", 10), split])
    assert found.after.price[-1] == 5
    assert found.shift(TIMES, Prices(), rate).unrealised.tolist() == [0, 0, 0]


def test_a_split_told_late_moves_no_profit_while_the_market_shows_no_price_after_it() -> None:
    """A price of before it is worth half in twice as many units, until another one comes."""
    bought, split = fill("2", "10", 1), Split("s", "A.X", Decimal(2), Decimal(1), 12)
    prices = Prices(np.array([4, 20], np.int64), np.array([16.0, 9.0]))
    shift = turn([bought], [bought, split]).shift(TIMES, prices, rate)
    assert shift.unrealised.tolist() == [0, 0, 18]
    assert shift.gross_exposure.tolist() == [0, 0, 18]


def test_cash_without_a_rate_is_left_out_and_income_is_no_deposit() -> None:
    flows = [
        Flow("d", "A", FlowKind.DEPOSIT, Money(Decimal(5), "EUR"), 10),
        Flow("i", "A", FlowKind.INTEREST, Money(Decimal(3), "USD"), 20),
        Flow("x", "A", FlowKind.DEPOSIT, Money(Decimal(9), "JPY"), 1),
    ]
    shift = cash_shift(flows, TIMES, rate)
    assert shift.equity.tolist() == [0, 10, 13]
    assert shift.income.tolist() == [0, 0, 3]


@pytest.mark.parametrize(("time_ns", "is_past"), [(94, False), (89, True), (0, False)])
def test_what_comes_a_little_late_changes_no_curve(time_ns: int, *, is_past: bool) -> None:
    batch = Batch(position=0, digests={}, orders={}, fills={})
    flow = Flow("d", "A", FlowKind.INTEREST, Money(Decimal(5), "USD"), time_ns)
    batch.new_flows.append((flow, 1))
    found = batch.changed_past(lambda account: 100, 10)
    assert found == ({("A", "", ""): time_ns} if is_past else {})
