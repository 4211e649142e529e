"""A walk along a position says what each fill did, and adds up to what the book has."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck_server.kernel.money import Money, exact
from quarterdeck_server.trading.portfolio import (
    Book,
    Fill,
    Flow,
    FlowKind,
    Instrument,
    PositionKey,
    Side,
    Split,
    replayed,
)
from quarterdeck_server.trading.portfolio.walk import Event, Held, Step, StepKind, Walk

KEY = PositionKey("SIM-001", "AAPL.XNAS", "Ema-001")
SHARE = Instrument(KEY.instrument, "USD")


def fill(quantity: int, price: object, time_ns: int = 1, fee: object = 0) -> Fill:
    side = Side.BUY if quantity > 0 else Side.SELL
    size, cost = Decimal(abs(quantity)), Money(Decimal(str(fee)), "USD")
    told = (f"F-{time_ns}", KEY.account, KEY.instrument, KEY.strategy, side)
    return Fill(*told, size, Decimal(str(price)), time_ns, cost)


def walked(*events: Event, held: Held | None = None) -> list[Step]:
    walk = Walk(KEY, SHARE, held or Held())
    return [step for event in events for step in walk.take(event)]


def test_a_fill_through_zero_closes_and_opens_and_shares_its_fee() -> None:
    steps = walked(fill(10, 100), fill(-30, 110, 2, fee=3))
    kinds = [(step.kind, step.change, step.held.quantity) for step in steps]
    assert kinds == [
        (StepKind.OPENED, 10, 10),
        (StepKind.CLOSED, -10, 0),
        (StepKind.OPENED, -20, -20),
    ]
    assert [step.realised for step in steps] == [0, 100, 0]
    assert [step.fee for step in steps] == [0, 1, 2]
    assert steps[2].held.cost == -2200


def test_a_split_changes_the_quantity_and_the_price_of_what_is_carried() -> None:
    split = Split("S-1", KEY.instrument, Decimal(4), Decimal(1), 2)
    walk = Walk(KEY, SHARE, Held())
    walk.take(fill(10, 100))
    (step,) = walk.take(split)
    assert (step.kind, step.change) == (StepKind.SPLIT, 30)
    assert step.held == Held(Decimal(40), Decimal(1000))
    (carried,) = walk.carried
    assert (carried.kind, carried.price, carried.time_ns) == (StepKind.CARRIED, 25, 2)
    assert carried.change == 30
    walk.take(fill(1, 26, 3))
    assert [(one.time_ns, one.price, one.change) for one in walk.carried] == [(3, 26, 0)]


def test_income_leaves_what_is_held() -> None:
    money = Money(Decimal("-1.5"), "USD")
    cost = Flow("I-1", KEY.account, FlowKind.FUNDING, money, 2, KEY.strategy, KEY.instrument)
    steps = walked(fill(10, 100), cost)
    assert steps[1].income == Decimal("-1.5")
    assert steps[1].held == steps[0].held


FILLS = st.lists(
    st.builds(
        fill,
        st.integers(-50, 50).filter(bool),
        st.decimals("0.01", "500", places=2),
        st.integers(1, 20),
        st.decimals("-1", "3", places=2),
    ),
    max_size=15,
)


@given(FILLS, st.integers(0, 15))
def test_steps_add_up_to_the_book_however_the_walk_is_cut(fills: list[Fill], cut: int) -> None:
    book = Book()
    book.add_instrument(SHARE)
    ordered = replayed(fills)
    for one in ordered:
        book.apply(one)
    first = walked(*ordered[:cut])
    steps = first + walked(*ordered[cut:], held=first[-1].held if first else None)
    if fills:
        position = book.position(KEY)
        assert steps[-1].held == Held(position.quantity, position.cost)
        with exact():
            assert sum(step.realised for step in steps) == position.realised
            assert sum(step.fee for step in steps) == sum(fee.amount for fee in position.fees)
            assert sum(step.change for step in steps) == position.quantity
