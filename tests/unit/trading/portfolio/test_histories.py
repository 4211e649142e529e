"""What must hold with cash flows, splits, dividends and late events, whatever they are."""

import json
from collections.abc import Iterable
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.trading.portfolio.histories import (
    ALL,
    CURRENCIES,
    RATIOS,
    SPLITTABLE,
    Event,
    Log,
    amounts,
    incomes,
    lives,
    replayed_from_the_first,
    told,
)

from quarterdeck_server.kernel.money import ZERO, Money, exact
from quarterdeck_server.trading.portfolio import (
    BEGINNING,
    EVERYTHING,
    Book,
    CostMethod,
    Dividend,
    Fill,
    Flow,
    FlowKind,
    Instrument,
    Position,
    PositionKey,
    Scope,
    Side,
    Split,
    Totals,
    replayed,
)
from quarterdeck_server.trading.portfolio.ledger import Ledger

SHARE = Instrument("A.X", "USD")
DUST = Decimal("1e-30")


def _positions(book: Book) -> dict[object, Position]:
    return {one.key: one for one in book.positions(EVERYTHING, open_only=False)}


def _cash(book: Book) -> dict[tuple[str, str], Decimal]:
    return {(name, code): book.cash(name, code) for name in "AB" for code in CURRENCIES}


def _totals(book: Book, account: str | None) -> dict[str, Totals]:
    """Return the exact totals by currency; no cash is as good as none left."""
    return {
        one.currency: Totals(
            one.currency, one.realised, one.fees, one.income, one.cash or ZERO, one.capital or ZERO
        )
        for one in book.totals(Scope(account))
    }


def _marked(book: Book, price: Decimal) -> Book:
    for instrument in ALL:
        book.trade(instrument.id, price, 2 * 10**9)
    return book


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    with exact():
        return sum((amount for amount in amounts if amount is not None), ZERO)


def _earned(book: Book, account: str, currency: str) -> Decimal:
    """Return realised and unrealised profit less fees and with income, to the last digit."""
    found = [one for key, one in _positions(book).items() if one.key.account == account]
    held = [one for one in found if one.currency == currency]
    totals = book.totals(Scope(account))
    part = next((one for one in totals if one.currency == currency), Totals(currency))
    open_profit = _sum(one.unrealised for one in held)
    return _sum([part.realised, open_profit, part.fees.copy_negate(), part.income])


@pytest.mark.parametrize("method", CostMethod)
@settings(max_examples=30)
@given(events=lives(), mark=amounts)
def test_cash_and_market_value_are_what_came_from_outside_and_the_profit(
    method: CostMethod, events: list[Event], mark: Decimal
) -> None:
    """The change of net assets less external flows is realised, unrealised, income less fees."""
    book = _marked(told(events, method), mark)
    paid_in = [one for one in events if isinstance(one, Flow) and one.kind.is_external]
    for account in "AB":
        held = [one for one in _positions(book).values() if one.key.account == account]
        for currency in CURRENCIES:
            worth = _sum(one.market_value for one in held if one.currency == currency)
            own = [one.money for one in paid_in if one.account == account]
            outside = _sum(money.amount for money in own if money.currency == currency)
            left = _sum([book.cash(account, currency), worth])
            right = _sum([outside, _earned(book, account, currency)])
            assert abs(left - right) <= DUST


@pytest.mark.parametrize("method", CostMethod)
@settings(max_examples=30)
@given(events=lives(), chance=st.randoms())
def test_the_order_in_which_events_come_changes_nothing(
    method: CostMethod, events: list[Event], chance: Random
) -> None:
    """Positions, lots, cash and income are what they are when all come in the market's order."""
    in_order = told(sorted(events, key=lambda one: one.time_ns), method)
    chance.shuffle(events)
    as_came = told(events, method)
    assert _positions(as_came) == _positions(in_order)
    assert _cash(as_came) == _cash(in_order)
    for key in _positions(in_order):
        assert as_came.lots(key) == in_order.lots(key)  # type: ignore[arg-type]
    for account in "AB":
        assert _totals(as_came, account) == _totals(in_order, account)


@settings(max_examples=30)
@given(events=lives(), mark=amounts)
def test_average_cost_and_fifo_agree_also_with_splits_and_dividends(
    events: list[Event], mark: Decimal
) -> None:
    average, fifo = (_positions(_marked(told(events, method), mark)) for method in CostMethod)
    for key, position in average.items():
        twin = fifo[key]
        assert (twin.quantity, twin.income, twin.fees) == (
            position.quantity,
            position.income,
            position.fees,
        )
        total, other = (_sum([one.realised, one.unrealised]) for one in (position, twin))
        assert abs(total - other) <= DUST


@pytest.mark.parametrize("method", CostMethod)
@settings(max_examples=30)
@given(events=lives(), ratio=st.sampled_from(RATIOS), instrument=st.sampled_from(SPLITTABLE))
def test_a_split_changes_quantities_and_no_profit(
    method: CostMethod, events: list[Event], ratio: tuple[str, str], instrument: object
) -> None:
    """Nor cost, cash, fees and the times of lots; the last price counts in new units."""
    new, old = map(Decimal, ratio)
    before, after = told(events, method), Log(method)
    for event in [*events, Split("s", instrument.id, new, old, 10**9 + 1)]:  # type: ignore[attr-defined]
        after.take(event)
    assert _cash(after.book) == _cash(before)
    for key, position in _positions(before).items():
        twin = after.book.position(key)  # type: ignore[arg-type]
        assert (twin.cost, twin.realised, twin.fees) == (
            position.cost,
            position.realised,
            position.fees,
        )
        if position.key.instrument == instrument.id:  # type: ignore[attr-defined]
            with exact():
                assert abs(twin.quantity * old - position.quantity * new) <= Decimal("1e-16")
        lots = [book.lots(position.key) for book in (before, after.book)]
        assert [lot.opened_ns for lot in lots[0]] == [lot.opened_ns for lot in lots[1]]
        assert _sum(lot.quantity for lot in lots[1]) == twin.quantity


@settings(max_examples=30)
@given(events=lives(), per_unit=amounts)
def test_a_dividend_is_income_and_cash_of_what_was_held_and_of_nothing_else(
    events: list[Event], per_unit: Decimal
) -> None:
    name = SPLITTABLE[0].id
    paid = Dividend("d", name, Money(per_unit, "USD"), 10**9 + 1)
    before, after = told(events), told([*events, paid])
    for account in "AB":
        own = before.positions(Scope(account))
        with exact():
            due = sum((one.quantity * per_unit for one in own if one.key.instrument == name), ZERO)
            assert after.cash(account, "USD") - before.cash(account, "USD") == due
    for key, position in _positions(before).items():
        twin = after.position(key)  # type: ignore[arg-type]
        assert (twin.quantity, twin.cost, twin.realised) == (
            position.quantity,
            position.cost,
            position.realised,
        )


@settings(max_examples=30)
@given(events=lives(), amount=amounts, currency=st.sampled_from(CURRENCIES))
def test_a_transfer_moves_cash_between_accounts_and_leaves_the_firm_as_it_was(
    events: list[Event], amount: Decimal, currency: str
) -> None:
    money = Money(-amount, currency)
    sent = Flow("t", "A", FlowKind.TRANSFER, money, 1, counter_account="B")
    book, moved = told(events), told([*events, sent, sent.mirrored()])
    with exact():
        assert moved.cash("A", currency) == book.cash("A", currency) - amount
        assert moved.cash("B", currency) == book.cash("B", currency) + amount
    assert _totals(moved, None) | _totals(book, None) == _totals(moved, None)


@settings(max_examples=30)
@given(events=lives(), received=incomes)
def test_income_is_profit_of_its_account_strategy_and_position_alone(
    events: list[Event], received: Flow
) -> None:
    before, after = told(events), told([*events, received])
    money = received.money
    with exact():
        cash = before.cash(received.account, money.currency) + money.amount
    assert after.cash(received.account, money.currency) == cash
    for account, strategy in (("A", "S"), ("A", "T"), ("B", "S"), ("B", "T")):
        mine = (account, strategy) == (received.account, received.strategy)
        gain = _income(after, account, strategy, money) - _income(before, account, strategy, money)
        assert gain == (money.amount if mine else ZERO)
    if received.key is not None:
        assert any(one.currency == money.currency for one in after.position(received.key).income)


def _income(book: Book, account: str, strategy: str, money: Money) -> Decimal:
    found = book.totals(Scope(account, strategy))
    return next((one.income for one in found if one.currency == money.currency), ZERO)


@pytest.mark.parametrize("method", CostMethod)
@settings(max_examples=30)
@given(events=lives(), cut=st.integers(0, 12), mark=amounts)
def test_a_restored_book_knows_flows_and_actions(
    method: CostMethod, events: list[Event], cut: int, mark: Decimal
) -> None:
    """Bit for bit, through JSON, also where what comes next is late."""
    log = Log(method)
    for event in events[:cut]:
        log.take(event)
    kept = Book.restore(json.loads(json.dumps(log.book.snapshot())))
    assert kept.snapshot() == log.book.snapshot()
    again = Log(method)
    again.book, again.fills = kept, {key: [*own] for key, own in log.fills.items()}
    for one in (log, again):
        for event in events[cut:]:
            one.take(event)
        _marked(one.book, mark)
    assert again.book.snapshot() == log.book.snapshot()
    assert again.book.totals() == log.book.totals()


@settings(max_examples=30)
@given(events=lives())
def test_a_replay_says_what_it_will_do_and_changes_nothing_until_it_is_shown(
    events: list[Event],
) -> None:
    log = Log()
    for event in events:
        log.take(event)
    action = Split("s", SPLITTABLE[0].id, Decimal(2), Decimal(1), 5 * 10**8)
    before = log.book.snapshot()
    replays = {key: log.book.replay(key, BEGINNING, [action]) for key in log.fills}
    for key, replay in replays.items():
        replay.run(replayed(log.fills[key]))
    foreseen = [replay.holding.view(None) for replay in replays.values()]
    assert log.book.snapshot() == before
    log.book.learn(action)
    shown = [log.book.show(replay) for replay in replays.values()]
    assert [one.quantity for one in foreseen] == [one.quantity for one in shown]
    assert [one.realised for one in foreseen] == [one.realised for one in shown]
    assert log.book.snapshot()["holdings"] == told([*events, action]).snapshot()["holdings"]


def _told(strategy: str, price: str, time_ns: int) -> Fill:
    name = f"{strategy}/{time_ns}"
    return Fill(name, "A", SHARE.id, strategy, Side.BUY, Decimal(1), Decimal(price), time_ns)


def test_without_a_market_the_newest_own_fill_that_is_left_is_the_mark() -> None:
    book = Book()
    book.add_instrument(SHARE)
    for fill in (_told("S", "100", 1), _told("T", "110", 5)):
        book.apply(fill)
    for strategy, fills, shown in (
        ("S", [_told("S", "100", 1), _told("S", "90", 0)], "110"),
        ("T", [_told("T", "110", 5), _told("T", "120", 7)], "120"),
        ("T", [], "100"),
        ("S", [], None),
    ):
        replayed_from_the_first(book, PositionKey("A", SHARE.id, strategy), fills)
        mark = book.mark(SHARE.id)
        assert (mark and mark.price) == (shown and Decimal(shown))


def test_a_split_of_what_many_hold_looks_at_each_of_them_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    book = Book()
    book.add_instrument(SHARE)
    fills = [_told(f"S{number}", "100", number + 1) for number in range(20)]
    for fill in fills:
        book.apply(fill)
    held = book.learn(Split("s", SHARE.id, Decimal(2), Decimal(1), 99))
    monkeypatch.setattr(Ledger, "holders", lambda *_: pytest.fail("looked at all again"))
    for key, fill in zip(held, fills, strict=True):
        assert replayed_from_the_first(book, key, [fill]).quantity == 2
