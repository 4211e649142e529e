"""How a batch folds: once, whole or not at all."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.trading.domain.batch import Batch, Reported, newest_reports
from quarterdeck_server.trading.domain.errors import EventIdReused
from quarterdeck_server.trading.domain.event import AccountReport, Event
from quarterdeck_server.trading.domain.fill import Fill, OrderSide
from quarterdeck_server.trading.domain.order import Order, Word

WORD = Word("nodes/demo", "SIM-001", "Ema-001", 5)


def fill_event(number: int, trade_id: str = "", price: str = "100") -> Event:
    fill = Fill(
        event_id=f"e-{number}",
        trade_id=trade_id or f"T-{number}",
        client_order_id="O-1",
        venue_order_id="",
        account="SIM-001",
        strategy="Ema-001",
        instrument="AAPL.XNAS",
        node="nodes/demo",
        side=OrderSide.BUY,
        quantity=Decimal(1),
        price=Decimal(price),
        fee=None,
        fee_currency="",
        liquidity_side=0,
        event_time_ns=5,
    )
    return Event(f"events[{number}]", f"e-{number}", b"%d" % number, b"", WORD, fill)


def batch() -> Batch:
    return Batch(position=7, digests={}, orders={}, fills={})


def test_new_events_take_the_next_positions() -> None:
    found = batch()
    found.fold([fill_event(1), fill_event(2)])
    assert [position for _, position in found.new_fills] == [8, 9]
    assert found.position == 9


def test_a_fill_is_late_when_its_position_has_a_later_one() -> None:
    found = batch()
    found.newest_ns["SIM-001", "Ema-001", "AAPL.XNAS"] = 4
    late = fill_event(2)
    late = replace(late, body=replace(late.body, event_time_ns=3))
    found.fold([fill_event(1), late, fill_event(3)])
    assert [fill.is_late for fill, _ in found.new_fills] == [False, True, False]


def test_a_fill_comes_with_its_order_after_it() -> None:
    found = batch()
    found.fold([fill_event(1)])
    assert [type(outcome) for outcome in found.outcomes] == [Fill, Order]


def test_an_event_twice_in_one_batch_counts_once() -> None:
    found = batch()
    found.fold([fill_event(1), fill_event(1)])
    assert (len(found.events), found.duplicates) == (1, 1)


def test_an_event_id_twice_with_other_content_is_refused() -> None:
    other = replace(fill_event(1), path="events[4]", digest=b"other")
    with pytest.raises(EventIdReused) as caught:
        batch().fold([fill_event(1), other])
    assert caught.value.metadata == {"field": "events[4].event_id", "event_id": "e-1"}


def test_a_trade_told_under_two_events_is_one_fill() -> None:
    found = batch()
    found.fold([fill_event(1, "T"), fill_event(2, "T")])
    assert (len(found.events), len(found.new_fills)) == (2, 1)


def test_a_trade_told_with_another_price_is_refused() -> None:
    with pytest.raises(InvalidField, match=r"events\[2\]\.fill\.trade_id"):
        batch().fold([fill_event(1, "T"), fill_event(2, "T", price="99")])


def test_the_last_report_of_an_account_is_what_it_reported() -> None:
    first, last = (Reported("SIM-001", AccountReport((), b""), time) for time in (1, 2))
    assert newest_reports([first, last]) == {"SIM-001": last}
