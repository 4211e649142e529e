"""The lives of orders: what the log says of them, event by event and in columns."""

import math
from pathlib import Path

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from tests.integration.trading import events
from tests.integration.trading.conftest import Client, Deck
from tests.integration.trading.waiting import refusal

from quarterdeck.api.trading.v1 import order_life_service_pb2 as life_pb
from quarterdeck.api.trading.v1 import order_pb2
from quarterdeck.api.trading.v1.trading_event_pb2 import TradingEvent
from quarterdeck.api.trading.v1.trading_event_service_pb2 import (
    ListOrdersRequest,
    ListTradingEventsRequest,
)

MIGRATION = Path(__file__).parents[3] / "schema" / "0015_order_lives.sql"
START_NS = events.DAY_S * 10**9


def life(name: str = "O-1", at: float = 0.0, **where: str) -> list[TradingEvent]:
    """An order that is filled in part and canceled."""
    made = events.order(name, "INITIALIZED", at=at, **where)
    made.order.decision_price.value = "99.5"
    return [
        made,
        events.order(name, "SUBMITTED", at=at + 1, **where),
        events.order(name, "ACCEPTED", at=at + 2, **where),
        events.fill("4", "100", client_order_id=name, at=at + 3, fee="0.5", **where),
        events.order(name, "PENDING_CANCEL", at=at + 4, **where),
        events.order(name, "CANCELED", at=at + 5, **where),
    ]


async def test_the_whole_life_of_an_order_is_read_back_as_it_was_reported(ada: Client) -> None:
    told = life()
    await ada.events.RecordEvents(events.batch(*reversed(told), *life("O-2")))
    request = ListTradingEventsRequest(account="SIM-001", client_order_id="O-1", page_size=4)
    first = await ada.events.ListTradingEvents(request)
    request.page_token = first.next_page_token
    last = await ada.events.ListTradingEvents(request)
    listed = [*first.events, *last.events]
    assert [one.event for one in listed] == told
    assert (len(last.events), last.next_page_token, listed[0].node) == (2, "", "nodes/demo")
    assert listed[0].position > listed[1].position


async def test_events_are_found_by_kind_instrument_and_time_within_the_scope(
    deck: Deck, ada: Client
) -> None:
    other = life("O-3", account="SIM-002", instrument="MSFT.XNAS")
    await ada.events.RecordEvents(events.batch(*life(), *other, events.account_state()))

    async def found(client: Client, **filters: object) -> list[str]:
        answer = await client.events.ListTradingEvents(ListTradingEventsRequest(**filters))
        return [one.event.event_id for one in answer.events]

    assert len(await found(ada)) == 13
    assert await found(ada, kinds=["fill"], instrument="MSFT.XNAS") == [other[3].event_id]
    window = {"start_time": events.moment(4), "end_time": events.moment(5)}
    assert len(await found(ada, **window)) == 2
    assert len(await found(ada, kinds=["account_state"])) == 1
    narrow = await deck.client("ada@SIM-002")
    assert await found(narrow) == [one.event_id for one in other]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (ListTradingEventsRequest(kinds=["fill", "fills"]), "kinds[1]"),
        (ListTradingEventsRequest(client_order_id="O-1"), "account"),
        (ListTradingEventsRequest(page_token="x"), "page_token"),
        (
            ListTradingEventsRequest(start_time=events.moment(5), end_time=events.moment(5)),
            "end_time",
        ),
    ],
)
async def test_a_wrong_question_about_events_names_its_field(
    ada: Client, request_: ListTradingEventsRequest, field: str
) -> None:
    code, info = await refusal(ada.events.ListTradingEvents(request_))
    assert (code, info.metadata["field"]) == (grpc.StatusCode.INVALID_ARGUMENT, field)


async def test_lives_come_in_columns_with_their_times_and_fills(ada: Client) -> None:
    filled = [events.order("O-2", "ACCEPTED", at=10), events.fill(client_order_id="O-2", at=12)]
    await ada.events.RecordEvents(events.batch(*life(), *filled))
    lives = (await ada.lives.ListOrderLives(life_pb.ListOrderLivesRequest())).lives
    assert list(lives.client_order_id) == ["O-1", "O-2"]
    assert lives.decision_price[0] == 99.5
    assert math.isnan(lives.decision_price[1])
    seconds = {
        name: [(ns - START_NS) // 10**9 if ns else None for ns in getattr(lives, f"{name}_time_ns")]
        for name in ("create", "submit", "accept", "cancel_request", "end")
    }
    assert seconds == {
        "create": [0, 10],
        "submit": [1, None],
        "accept": [2, 10],
        "cancel_request": [4, None],
        "end": [5, 12],
    }
    assert (list(lives.fill_count), list(lives.fills.quantity)) == ([1, 1], [4, 10])
    assert lives.fills.fee[0] == 0.5
    assert math.isnan(lives.fills.fee[1])


async def test_lives_have_fills_as_they_count_now(ada: Client) -> None:
    kept = events.fill("4", "100", trade_id="T-kept", at=3)
    busted = events.fill("6", "100", trade_id="T-busted", at=4)
    await ada.events.RecordEvents(events.batch(events.order(), kept, busted))
    amended = [events.correction("T-kept", "4", "90", at=5), events.bust("T-busted", at=6)]
    await ada.events.RecordEvents(events.batch(*amended))
    lives = (await ada.lives.ListOrderLives(life_pb.ListOrderLivesRequest())).lives
    assert (list(lives.fill_count), list(lives.end_time_ns)) == ([1], [0])
    assert list(lives.fills.price) == [90]
    request = ListTradingEventsRequest(account="SIM-001", client_order_id="O-1")
    listed = (await ada.events.ListTradingEvents(request)).events
    assert [one.event.WhichOneof("event") for one in listed[-2:]] == [
        "fill_correction",
        "fill_bust",
    ]


async def test_lives_come_in_pages_both_ways_and_by_venue(ada: Client) -> None:
    made = [life(f"O-{n}", at=n % 3, instrument="MSFT.XNAS") for n in range(4)]
    for events_ in (*made, life("O-9", instrument="SAP.XETR")):
        await ada.events.RecordEvents(events.batch(*events_))

    async def pages(*, newest_first: bool) -> list[str]:
        request = life_pb.ListOrderLivesRequest(
            venue="XNAS", order_type=order_pb2.ORDER_TYPE_MARKET, page_size=3
        )
        request.newest_first = newest_first
        first = await ada.lives.ListOrderLives(request)
        request.page_token = first.next_page_token
        last = await ada.lives.ListOrderLives(request)
        assert (len(first.lives.fills.price), last.next_page_token) == (3, "")
        return [*first.lives.client_order_id, *last.lives.client_order_id]

    oldest_first = await pages(newest_first=False)
    assert oldest_first == ["O-0", "O-3", "O-1", "O-2"]
    assert await pages(newest_first=True) == oldest_first[::-1]
    window = {"start_time": events.moment(1), "end_time": events.moment(2)}
    within = await ada.lives.ListOrderLives(life_pb.ListOrderLivesRequest(**window))
    assert list(within.lives.client_order_id) == ["O-1"]


async def test_the_price_that_decided_is_the_first_told_and_may_be_forgotten(ada: Client) -> None:
    told = life()
    await ada.events.RecordEvents(events.batch(*told))
    told[0].reconciliation = True
    told[0].order.ClearField("decision_price")
    later = events.order("O-1", "CANCELED", at=9)
    later.order.decision_price.value = "7"
    again = await ada.events.RecordEvents(events.batch(told[0], later))
    assert (again.duplicate_count, again.recorded_count) == (1, 1)
    (order,) = (await ada.events.ListOrders(ListOrdersRequest())).orders
    assert MessageToDict(order.decision_price) == {"value": "99.5"}
    told[1].order.decision_price.value = "NaN"
    _, info = await refusal(ada.events.RecordEvents(events.batch(told[1])))
    assert info.metadata["field"] == "events[0].order.decision_price"


async def test_events_recorded_before_are_given_the_columns_they_are_found_by(
    deck: Deck, ada: Client
) -> None:
    position = events.event(strategy="Ema-001", position={"instrument": "SAP.XETR"})
    position.position.quantity.value = "3"
    await ada.events.RecordEvents(events.batch(*life(), position, events.account_state()))
    wanted = "SELECT position, instrument, client_order_id, order_status FROM trading.event "
    wanted += "ORDER BY position"
    written = await deck.shared.postgres.fetch(wanted)
    async with deck.shared.postgres.transaction() as connection:
        for name in ("instrument", "client_order_id", "order_status"):
            await connection.execute(f"ALTER TABLE trading.event DROP COLUMN {name}")
        await connection.execute("DROP INDEX trading.event_by_time, trading.order_by_creation")
        await connection.execute("ALTER TABLE trading.order_state DROP COLUMN decision_price")
        await connection.execute(MIGRATION.read_text())
        assert await connection.fetch(wanted) == written
