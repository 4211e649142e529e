"""How what is said of an order folds into its state."""

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.money import exact
from quarterdeck_server.trading.domain.batch import Batch
from quarterdeck_server.trading.domain.event import Event
from quarterdeck_server.trading.domain.fill import Fill, OrderSide
from quarterdeck_server.trading.domain.order import (
    Nature,
    Order,
    OrderChange,
    OrderStatus,
    Stage,
    Terms,
    Word,
    changed,
    check_change,
    check_fill,
    filled,
    stage,
)

NATURE = Nature("AAPL.XNAS", OrderSide.BUY, 2, 1, reduce_only=False)
S = OrderStatus


def said(status: OrderStatus, at: int, quantity: str = "10", *, again: bool = False):
    change = OrderChange("O-1", f"V-{status.name}", status, "", NATURE, Terms(Decimal(quantity)))
    return change, Word("nodes/demo", "SIM-001", "Ema-001", at, again)


def trade(quantity: str = "4", price: str = "100", at: int = 50, number: int = 1) -> Fill:
    return Fill(
        event_id=f"e-{number}",
        trade_id=f"T-{number}",
        client_order_id="O-1",
        venue_order_id="V",
        account="SIM-001",
        strategy="Ema-001",
        instrument="AAPL.XNAS",
        node="nodes/demo",
        side=OrderSide.BUY,
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=None,
        fee_currency="",
        liquidity_side=0,
        event_time_ns=at,
    )


def fold(*facts: Fill | tuple[OrderChange, Word]) -> Order:
    order: Order | None = None
    for fact in facts:
        order = filled(order, fact) if isinstance(fact, Fill) else changed(order, *fact)
    assert order is not None
    return order


def test_an_order_follows_what_its_node_says() -> None:
    life = (said(S.INITIALIZED, 1), said(S.SUBMITTED, 2), said(S.ACCEPTED, 3))
    assert fold(*life).status is S.ACCEPTED
    assert fold(*life, said(S.CANCELED, 4)).status is S.CANCELED


def test_a_change_that_was_refused_leads_back_to_accepted() -> None:
    life = (said(S.ACCEPTED, 3), said(S.PENDING_UPDATE, 9), said(S.ACCEPTED, 5, "12"))
    order = fold(*life)
    assert (order.status, order.terms.quantity) == (S.ACCEPTED, 12)


def test_a_late_word_of_the_venue_does_not_undo_a_newer_one() -> None:
    order = fold(said(S.ACCEPTED, 3, "10"), said(S.ACCEPTED, 7, "12"), said(S.ACCEPTED, 5, "11"))
    assert order.terms.quantity == 12


def test_of_equal_times_the_later_word_counts_unless_it_is_a_repetition() -> None:
    life = (said(S.ACCEPTED, 3, "10"), said(S.ACCEPTED, 3, "12"))
    assert fold(*life).terms.quantity == 12
    assert fold(*life, said(S.ACCEPTED, 3, "10", again=True)).terms.quantity == 12


@pytest.mark.parametrize("late", [S.INITIALIZED, S.SUBMITTED, S.ACCEPTED, S.PENDING_CANCEL])
def test_nothing_revives_an_ended_order(late: OrderStatus) -> None:
    assert fold(said(S.CANCELED, 4), said(late, 9)).status is S.CANCELED


def test_fills_prove_what_the_node_has_not_said_yet() -> None:
    order = fold(said(S.ACCEPTED, 3), trade("4", number=1))
    assert (order.status, order.filled_quantity) == (S.PARTIALLY_FILLED, 4)
    assert fold(said(S.ACCEPTED, 3), trade("4"), trade("6", number=2)).status is S.FILLED


def test_a_canceled_order_that_was_filled_in_part_stays_canceled() -> None:
    order = fold(said(S.ACCEPTED, 3), trade("4"), said(S.CANCELED, 6))
    assert (order.status, order.is_open) == (S.CANCELED, False)


def test_a_late_fill_of_the_rest_turns_canceled_into_filled() -> None:
    assert fold(said(S.CANCELED, 6), trade("10")).status is S.FILLED


def test_a_cancel_on_its_way_shows_although_a_part_is_filled() -> None:
    life = (said(S.ACCEPTED, 3), trade("4"), said(S.PENDING_CANCEL, 5))
    assert fold(*life).status is S.PENDING_CANCEL


def test_a_fill_without_an_order_makes_it_unknown_until_the_node_tells() -> None:
    unknown = fold(trade("4"))
    assert (unknown.status, unknown.terms.quantity, unknown.is_open) == (S.ORDER_UNKNOWN, 4, False)
    known = changed(unknown, *said(S.ACCEPTED, 3))
    assert (known.status, known.terms.quantity) == (S.PARTIALLY_FILLED, 10)
    assert known.nature == NATURE


def test_the_average_price_is_that_of_the_fills() -> None:
    order = fold(trade("4", "100", number=1), trade("6", "110", number=2))
    assert order.average_price == Decimal(106)


def test_the_venue_identifier_is_kept_once_it_is_known() -> None:
    change, word = said(S.SUBMITTED, 4)
    assert fold(said(S.ACCEPTED, 3), (replace(change, venue_order_id=""), word)).venue_order_id


def test_words_that_make_another_order_of_it_are_refused() -> None:
    order = fold(said(S.ACCEPTED, 3))
    change, word = said(S.ACCEPTED, 4)
    other = replace(change, nature=replace(NATURE, instrument="MSFT.XNAS"))
    with pytest.raises(InvalidField, match=r"^events\[2\]\.order\.instrument must be AAPL\.XNAS"):
        check_change(order, other, word.strategy, "events[2]")
    with pytest.raises(InvalidField, match=r"^events\[2\]\.fill\.side"):
        check_fill(order, replace(trade(), side=OrderSide.SELL), "events[2]")


LIFE = (
    said(S.INITIALIZED, 1),
    said(S.SUBMITTED, 2),
    said(S.ACCEPTED, 3),
    trade("4", number=1, at=4),
    said(S.PENDING_UPDATE, 5),
    said(S.ACCEPTED, 6, "12"),
    trade("5", number=2, at=7),
    said(S.PENDING_CANCEL, 8),
    said(S.CANCELED, 9, "12"),
)


@given(st.permutations(LIFE))
def test_any_order_of_arrival_ends_in_the_same_state(facts) -> None:
    order, straight = fold(*facts), fold(*LIFE)
    assert order.status is straight.status
    assert order.filled_quantity == straight.filled_quantity
    assert order.average_price == straight.average_price
    assert order.terms == straight.terms
    assert order.create_time_ns == straight.create_time_ns


@given(st.lists(st.sampled_from(LIFE), min_size=1, max_size=30))
def test_an_order_never_goes_back_to_an_earlier_stage(facts) -> None:
    order: Order | None = None
    reached = Stage.UNKNOWN
    for fact in facts:
        order = filled(order, fact) if isinstance(fact, Fill) else changed(order, *fact)
        assert stage(order.claim) >= reached
        reached = stage(order.claim)


@given(st.permutations([fact for fact in LIFE if not isinstance(fact, Fill)]))
def test_telling_everything_again_changes_nothing_of_an_ended_order(facts) -> None:
    before = fold(*LIFE)
    after = before
    for change, word in facts:
        after = changed(after, change, replace(word, is_reconciliation=True))
    assert after == before


def test_what_is_filled_is_exact_however_many_digits_it_has() -> None:
    quantity, price = "123456789012.123456789012345678", "1.000000000000000001"
    batch = Batch(0, {}, {}, {})
    batch.fold([told(trade(quantity, price, number=number)) for number in (1, 2)])
    ((order, _),) = batch.new_orders.values()
    with exact():
        assert order.filled_quantity == 2 * Decimal(quantity)
        assert order.filled_value == 2 * Decimal(quantity) * Decimal(price)


def told(fill: Fill) -> Event:
    word = Word(fill.node, fill.account, fill.strategy, fill.event_time_ns)
    return Event("events[0]", fill.event_id, b"", b"", word, fill)


def full[T](cls: type[T], **known: Any) -> T:
    """A value that says something else in every field."""
    return cls(**{each.name: object() for each in fields(cls)} | known)  # type: ignore[arg-type]


def test_what_is_written_out_for_speed_leaves_no_field_behind() -> None:
    fill = full(Fill, quantity=Decimal(2), price=Decimal(3), event_time_ns=7)
    where = {"order_unknown": True, "is_late": True}
    assert fill.placed(9, **where) == replace(fill, position=9, **where)
    order = full(
        Order,
        venue_order_id="V",
        claim=S.ACCEPTED,
        filled_quantity=Decimal(1),
        filled_value=Decimal(1),
        create_time_ns=8,
    )
    done = {"filled_quantity": Decimal(3), "filled_value": Decimal(7)}
    assert filled(order, fill) == replace(order, **done, create_time_ns=7, update_time_ns=7)
