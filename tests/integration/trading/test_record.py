"""Recording: once, whole or not at all, in order."""

import asyncio

import grpc
from google.type.decimal_pb2 import Decimal as DecimalMessage
from tests.integration.trading import events
from tests.integration.trading.conftest import Client, Deck
from tests.integration.trading.waiting import refusal

from quarterdeck.api.trading.v1 import order_pb2
from quarterdeck.api.trading.v1.trading_event_service_pb2 import (
    ListFillsRequest,
    ListOrdersRequest,
    ListTopicRecordsRequest,
)


async def count(deck: Deck) -> int:
    return await deck.shared.postgres.fetchval("SELECT count(*) FROM trading.event")


async def test_a_batch_sent_again_is_counted_and_changes_nothing(deck: Deck, ada: Client) -> None:
    request = events.batch(events.order(), events.fill(quantity="4"))
    first = await ada.events.RecordEvents(request)
    again = await ada.events.RecordEvents(request)
    assert (first.recorded_count, first.duplicate_count) == (2, 0)
    assert (again.recorded_count, again.duplicate_count) == (0, 2)
    assert await count(deck) == 2
    fills = await ada.events.ListFills(ListFillsRequest())
    assert len(fills.fills) == 1


async def test_an_event_told_again_by_a_reconciliation_is_a_duplicate(ada: Client) -> None:
    event = events.fill()
    await ada.events.RecordEvents(events.batch(event))
    event.reconciliation = True
    again = await ada.events.RecordEvents(events.batch(event))
    assert again.duplicate_count == 1


async def test_an_event_id_with_other_content_stores_nothing(deck: Deck, ada: Client) -> None:
    event = events.order()
    await ada.events.RecordEvents(events.batch(event))
    event.order.quantity.value = "11"
    code, info = await refusal(ada.events.RecordEvents(events.batch(events.order("O-2"), event)))
    assert code is grpc.StatusCode.ABORTED
    assert info.reason == "EVENT_ID_REUSED"
    assert info.metadata["field"] == "events[1].event_id"
    assert await count(deck) == 1


async def test_a_late_fill_is_accepted_marked_and_stays_so(ada: Client) -> None:
    for at in (5, 3, 4, 5):
        await ada.events.RecordEvents(events.batch(events.fill(at=at)))
    other = events.fill(at=1, instrument="MSFT.XNAS", client_order_id="O-2")
    await ada.events.RecordEvents(events.batch(other))
    listed = (await ada.events.ListFills(ListFillsRequest())).fills
    late = [(fill.event_time.seconds - events.DAY_S, fill.late) for fill in listed]
    assert late == [(5, False), (5, False), (4, True), (3, True), (1, False)]


async def test_a_bad_event_names_its_field_and_stores_nothing(deck: Deck, ada: Client) -> None:
    bad = events.fill()
    bad.fill.quantity.value = "NaN"
    code, info = await refusal(ada.events.RecordEvents(events.batch(events.order(), bad)))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert info.reason == "FIELD_INVALID"
    assert info.metadata["field"] == "events[1].fill.quantity"
    assert await count(deck) == 0


async def test_a_negative_price_of_a_share_is_refused(deck: Deck, ada: Client) -> None:
    _, info = await refusal(ada.events.RecordEvents(events.batch(events.fill(price="-1"))))
    assert info.metadata["field"] == "events[0].fill.price"
    assert await count(deck) == 0


async def test_an_unknown_instrument_is_named(ada: Client) -> None:
    unknown = events.order(instrument="NOPE.XNAS")
    code, info = await refusal(ada.events.RecordEvents(events.batch(events.order(), unknown)))
    assert code is grpc.StatusCode.NOT_FOUND
    assert info.reason == "INSTRUMENT_NOT_FOUND"
    assert info.metadata["field"] == "events[1].order.instrument"


async def test_a_foreign_account_is_refused(deck: Deck, ada: Client) -> None:
    bob = await deck.client("bob@SIM-002")
    code, info = await refusal(bob.events.RecordEvents(events.batch(events.fill())))
    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert info.reason == "SCOPE_FORBIDDEN"
    assert dict(info.metadata) == {"field": "events[0].account", "account": "SIM-001"}
    assert await count(deck) == 0


async def test_a_fill_of_an_unknown_order_is_kept_and_the_order_becomes_known(ada: Client) -> None:
    await ada.events.RecordEvents(events.batch(events.fill(quantity="4")))
    orders = (await ada.events.ListOrders(ListOrdersRequest())).orders
    assert orders[0].status == order_pb2.ORDER_STATUS_ORDER_UNKNOWN
    fills = (await ada.events.ListFills(ListFillsRequest())).fills
    assert fills[0].order_unknown
    await ada.events.RecordEvents(events.batch(events.order(quantity="10")))
    orders = (await ada.events.ListOrders(ListOrdersRequest())).orders
    assert orders[0].status == order_pb2.ORDER_STATUS_PARTIALLY_FILLED
    assert orders[0].filled_quantity == DecimalMessage(value="4")


async def test_the_same_trade_under_another_event_counts_once(ada: Client) -> None:
    first, told_again = events.fill(trade_id="T"), events.fill(trade_id="T")
    answer = await ada.events.RecordEvents(events.batch(first, told_again))
    assert answer.recorded_count == 2
    assert len((await ada.events.ListFills(ListFillsRequest())).fills) == 1


async def test_the_same_trade_with_another_price_is_refused(ada: Client) -> None:
    first, other = events.fill(trade_id="T"), events.fill(trade_id="T", price="99")
    _, info = await refusal(ada.events.RecordEvents(events.batch(first, other)))
    assert info.metadata["field"] == "events[1].fill.trade_id"


async def test_topics_are_gapless_under_concurrent_recorders(deck: Deck, ada: Client) -> None:
    bob = await deck.client("bob")
    batches = [
        events.batch(events.fill(quantity="1", client_order_id=f"O-{n}"), events.account_state())
        for n in range(40)
    ]
    calls = [(ada, bob)[n % 2].events.RecordEvents(one) for n, one in enumerate(batches)]
    await asyncio.gather(*calls)
    for topic in ("fills/SIM-001/Ema-001", "positions/SIM-001/Ema-001", "accounts/SIM-001"):
        answer = await ada.events.ListTopicRecords(ListTopicRecordsRequest(topic=topic))
        assert [record.sequence for record in answer.records] == list(range(1, 41))
        assert answer.last_sequence == 40


async def test_lists_turn_their_pages(ada: Client) -> None:
    fills = [events.fill(quantity="1", client_order_id=f"O-{n}", at=n) for n in range(5)]
    await ada.events.RecordEvents(events.batch(*fills))
    seen, token = [], ""
    while True:
        request = ListFillsRequest(page_size=2, page_token=token)
        page = await ada.events.ListFills(request)
        seen += [fill.client_order_id for fill in page.fills]
        if not (token := page.next_page_token):
            break
    assert seen == ["O-4", "O-3", "O-2", "O-1", "O-0"]


async def test_a_page_token_of_another_query_is_refused(ada: Client) -> None:
    fills = [events.fill(quantity="1", client_order_id=f"O-{n}", at=n) for n in range(3)]
    await ada.events.RecordEvents(events.batch(*fills))
    page = await ada.events.ListFills(ListFillsRequest(page_size=2))
    other = ListOrdersRequest(page_token=page.next_page_token)
    _, info = await refusal(ada.events.ListOrders(other))
    assert info.reason == "PAGE_TOKEN_INVALID"
