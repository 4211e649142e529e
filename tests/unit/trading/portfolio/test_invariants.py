"""What must hold for every sequence of events."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal, getcontext
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck_server.kernel.money import EXACT, ZERO, Money, exact
from quarterdeck_server.trading.portfolio import (
    EVERYTHING,
    Book,
    CostMethod,
    Fill,
    Flow,
    FlowKind,
    Instrument,
    Position,
    Settlement,
    Side,
    ValuationRule,
)

PAID = Instrument("AAPL.XNAS", "USD")
MARGINED = Instrument("ES.XCME", "USD", Decimal(50), settlement=Settlement.MARGINED)
FOREIGN = Instrument("SAP.XETR", "EUR", Decimal("0.1"), size_precision=3)
INVERSE = Instrument("XBTUSD.BITMEX", "XBT", is_inverse=True, settlement=Settlement.MARGINED)
LINEAR = (PAID, MARGINED, FOREIGN)
ALL = (*LINEAR, INVERSE)
DUST = Decimal("1e-30")
"""What roundings at the 36th decimal may add up to; only inverse contracts need any."""

sizes = st.decimals("0.001", "1000", places=3)
prices = st.decimals("0.01", "1000", places=2)
fees = st.none() | st.builds(
    Money, st.decimals("-1", "5", places=4), st.sampled_from(["USD", "EUR", "BNB"])
)


def fills(
    instruments: Sequence[Instrument] = ALL, longest: int = 25
) -> st.SearchStrategy[list[Fill]]:
    """Draw fills of two accounts and two strategies."""
    one = st.builds(
        Fill,
        id=st.just("f"),
        account=st.sampled_from("AB"),
        instrument=st.sampled_from([instrument.id for instrument in instruments]),
        strategy=st.sampled_from("ST"),
        side=st.sampled_from(Side),
        quantity=sizes,
        price=prices,
        time_ns=st.integers(0, 10**18),
        fee=fees,
    )
    return st.lists(one, max_size=longest)


def _book(method: CostMethod = CostMethod.AVERAGE, events: Iterable[Fill] = ()) -> Book:
    book = Book(method)
    for instrument in ALL:
        book.add_instrument(instrument)
    for event in events:
        book.apply(event)
    return book


def _positions(book: Book) -> tuple[Position, ...]:
    return book.positions(EVERYTHING, open_only=False)


def _unmarked(position: Position) -> Position:
    return replace(position, mark=None, unrealised=None, market_value=None, exposure=None)


def _known(amount: Decimal | None) -> Decimal:
    assert amount is not None
    return amount


def _total(position: Position) -> Decimal:
    return EXACT.add(position.realised, _known(position.unrealised))


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    with exact():
        return sum(amounts, ZERO)


def _fee_sum(positions: Iterable[Position], currency: str) -> Decimal:
    paid = [fee for position in positions for fee in position.fees]
    return _sum(fee.amount for fee in paid if fee.currency == currency)


@pytest.mark.parametrize("method", CostMethod)
@given(events=fills(), start=st.decimals("0", "100000", places=2), mark=prices)
def test_cash_and_market_value_are_the_start_and_the_profit(
    method: CostMethod, events: list[Fill], start: Decimal, mark: Decimal
) -> None:
    """In every account and currency, to the last digit."""
    book = _book(method, events)
    for account in "AB":
        opening = Money(start, "USD")
        book.transfer(Flow("o", account, FlowKind.OPENING_BALANCE, opening, 0))
    for instrument in ALL:
        book.trade(instrument.id, mark, 1)
    for account in "AB":
        mine = [position for position in _positions(book) if position.key.account == account]
        for currency in ("USD", "EUR", "XBT", "BNB"):
            held = [position for position in mine if position.currency == currency]
            worth = _sum(_known(position.market_value) for position in held)
            profit = _sum(map(_total, held))
            flows = start if currency == "USD" else ZERO
            left = EXACT.add(book.cash(account, currency), worth)
            right = EXACT.subtract(EXACT.add(flows, profit), _fee_sum(mine, currency))
            assert left == right


@given(events=fills(), mark=prices)
def test_average_cost_and_fifo_agree_on_realised_plus_unrealised(
    events: list[Fill], mark: Decimal
) -> None:
    books = [_book(method, events) for method in CostMethod]
    for book in books:
        for instrument in ALL:
            book.trade(instrument.id, mark, 1)
    average, fifo = (_positions(book) for book in books)
    assert list(map(_total, average)) == list(map(_total, fifo))
    flat = [(a.realised, f.realised) for a, f in zip(average, fifo, strict=True) if not a.is_open]
    assert all(left == right for left, right in flat)


@given(events=fills())
def test_instruments_do_not_influence_each_other(events: list[Fill]) -> None:
    """Reordering fills of different instruments changes no position and no cash."""
    sorted_events = sorted(events, key=lambda fill: fill.instrument)
    one, other = _book(events=events), _book(events=sorted_events)
    for position in _positions(one):
        assert other.position(position.key) == position
    for account in "AB":
        for currency in ("USD", "EUR", "XBT", "BNB"):
            assert one.cash(account, currency) == other.cash(account, currency)


@pytest.mark.parametrize("method", CostMethod)
@given(events=fills())
def test_splitting_a_fill_in_two_changes_nothing(method: CostMethod, events: list[Fill]) -> None:
    halves = [
        replace(fill, quantity=EXACT.divide(fill.quantity, Decimal(2)), fee=None)
        for fill in events
        for _ in range(2)
    ]
    whole = _book(method, [replace(fill, fee=None) for fill in events])
    split = _book(method, halves)
    for position in _positions(whole):
        twin = split.position(position.key)
        assert (twin.quantity, twin.mark) == (position.quantity, position.mark)
        assert abs(twin.realised - position.realised) <= DUST
        assert abs(twin.cost - position.cost) <= DUST


@pytest.mark.parametrize("method", CostMethod)
@given(events=fills(), price=prices, block=fills(longest=8), chance=st.randoms())
def test_the_order_of_fills_at_one_price_changes_no_position_and_no_profit(
    method: CostMethod, events: list[Fill], price: Decimal, block: list[Fill], chance: Random
) -> None:
    """Only when profit is realised may differ, never how much there is, nor the cash it needs."""
    block = [replace(fill, price=price, time_ns=1, fee=None) for fill in block]
    one = _book(method, [*events, *block])
    chance.shuffle(block)
    other = _book(method, [*events, *block])
    for book in (one, other):
        for instrument in ALL:
            book.trade(instrument.id, price, 2)
    for position in _positions(one):
        twin = other.position(position.key)
        assert twin.quantity == position.quantity
        assert abs(_total(twin) - _total(position)) <= DUST


@pytest.mark.parametrize("method", CostMethod)
@given(events=fills(), size=sizes, price=prices)
def test_a_flip_is_a_close_and_an_open(
    method: CostMethod, events: list[Fill], size: Decimal, price: Decimal
) -> None:
    one, other = _book(method, events), _book(method, events)
    for position in one.positions():
        side = Side.SELL if position.quantity > 0 else Side.BUY
        key, held = position.key, position.quantity.copy_abs()
        close = Fill("c", key.account, key.instrument, key.strategy, side, held, price, 1)
        one.apply(replace(close, quantity=held + size))
        other.apply(close)
        other.apply(replace(close, quantity=size))
        flipped, twin = one.position(key), other.position(key)
        assert (flipped.quantity, flipped.cost) == (twin.quantity, twin.cost)
        assert abs(flipped.realised - twin.realised) <= DUST
        assert flipped.average_price == twin.average_price


@given(events=fills())
def test_fees_lower_profit_by_exactly_their_sum(events: list[Fill]) -> None:
    paid = _book(events=events)
    free = _book(events=[replace(fill, fee=None) for fill in events])
    for account in "AB":
        for currency in ("USD", "EUR", "XBT", "BNB"):
            mine = [fill.fee for fill in events if fill.account == account and fill.fee]
            due = _sum(fee.amount for fee in mine if fee.currency == currency)
            lower = EXACT.subtract(free.cash(account, currency), due)
            assert paid.cash(account, currency) == lower
    assert [p.realised for p in _positions(paid)] == [f.realised for f in _positions(free)]


@given(events=fills(LINEAR), mark=prices)
def test_the_statistics_agree_with_the_exact_numbers(events: list[Fill], mark: Decimal) -> None:
    """Vectorised sums are the decimal sums within float64's precision."""
    book = _book(events=events)
    for instrument in ALL:
        book.trade(instrument.id, mark, 1)
    for totals in book.totals():
        held = [each for each in _positions(book) if each.currency == totals.currency]
        exact_sum = _sum(_known(position.unrealised) for position in held)
        largest = float(max((abs(position.cost) for position in held), default=ZERO))
        assert totals.unrealised == pytest.approx(float(exact_sum), abs=1e-11 * (1 + largest))
        assert totals.realised == _sum(position.realised for position in held)


@pytest.mark.parametrize("method", CostMethod)
@given(events=fills())
def test_replaying_the_same_fills_gives_the_same_book(
    method: CostMethod, events: list[Fill]
) -> None:
    assert _book(method, events).snapshot() == _book(method, events).snapshot()


@pytest.mark.parametrize("method", CostMethod)
@given(events=fills(), cut=st.integers(0, 25))
def test_a_preview_says_what_applying_will_do_and_changes_nothing(
    method: CostMethod, events: list[Fill], cut: int
) -> None:
    book = _book(method, events[:cut])
    before = book.snapshot()
    positions = tuple(book.preview(events[cut:]))
    assert book.snapshot() == before
    applied = (book.apply(event).position for event in events[cut:])
    assert positions == tuple(map(_unmarked, applied))


def test_a_preview_that_nobody_reads_on_leaves_the_arithmetic_of_others_alone() -> None:
    """Where a batch fails, the collector ends it in the middle of whatever is computed then."""
    book = _book()
    bought = Fill("f", "A", PAID.id, "S", Side.BUY, Decimal(1), Decimal(2), 3)
    preview = book.preview([bought, bought])
    next(preview)
    with exact() as arithmetic:
        preview.close()
        assert getcontext() is arithmetic


@pytest.mark.parametrize("method", CostMethod)
@given(events=fills(), cut=st.integers(0, 25), mark=prices)
def test_a_restored_book_goes_on_as_if_it_had_never_stopped(
    method: CostMethod, events: list[Fill], cut: int, mark: Decimal
) -> None:
    """Bit for bit, statistics included, through JSON."""
    book = _book(method, events[:cut])
    restored = Book.restore(json.loads(json.dumps(book.snapshot())))
    assert restored.snapshot() == book.snapshot()
    for each in (book, restored):
        for event in events[cut:]:
            each.apply(event)
        each.quote(PAID.id, mark, mark, 1)
    assert restored.snapshot() == book.snapshot()
    assert restored.totals() == book.totals()
    assert restored.summary("USD") == book.summary("USD")
    assert _positions(restored) == _positions(book)


@given(events=fills(), rule=st.sampled_from(ValuationRule), bid=prices, spread=prices)
def test_columns_and_positions_have_the_same_marks(
    events: list[Fill], rule: ValuationRule, bid: Decimal, spread: Decimal
) -> None:
    book = Book(rule=rule)
    for instrument in ALL:
        book.add_instrument(instrument)
        book.quote(instrument.id, bid, bid + spread, 1)
    for event in events:
        book.apply(event)
    columns = book.columns()
    marks = [Decimal(value).scaleb(-columns.price_scale) for value in columns.mark.tolist()]
    assert marks == [position.mark.price for position in book.positions() if position.mark]
