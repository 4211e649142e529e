"""Holes of history: listed with their time, counted, and filled by a backfill that covers them."""

import pytest
from prometheus_client import REGISTRY
from tests.instruments import upsert
from tests.integration.marketdata.requests import START_NS, quotes, refusal, until

from quarterdeck.api.marketdata.v1.history_service_pb2 import ListHolesRequest
from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishRequest
from quarterdeck_server.marketdata.store.history import PostgresHistoryStore

TOPIC = "quotes/AAPL.XNAS"


@pytest.fixture
async def holes(open_area):
    """The area after three batches that were too large to wait for the database."""
    async with open_area(history_queue_rows=5) as deck:
        for name in ("AAPL.XNAS", "IBM.XNYS"):
            await deck.instruments.UpsertInstrument(upsert(name))
        batches = [quotes([9, 1, 2, 3, 4, 5]), quotes([1]), quotes(range(20, 30))]
        await deck.ingest.Publish(PublishRequest(quotes=batches))
        await deck.ingest.Publish(PublishRequest(quotes=[quotes(range(1, 8), "IBM.XNYS")]))
    async with open_area() as deck:
        yield deck


async def listed(deck, **query):
    return (await deck.history.ListHoles(ListHolesRequest(**query))).holes


async def test_a_hole_says_which_rows_and_which_times_are_missing(holes):
    found = await listed(holes, topic=TOPIC)
    assert [(hole.first_sequence, hole.last_sequence) for hole in found] == [(8, 17), (1, 6)]
    times = [(h.first_event_time_ns - START_NS, h.last_event_time_ns - START_NS) for h in found]
    assert times == [(20, 29), (1, 9)]
    assert all(hole.HasField("create_time") and not hole.HasField("fill_time") for hole in found)


async def test_holes_have_pages_newest_first(holes):
    first = await holes.history.ListHoles(ListHolesRequest(page_size=2))
    token = first.next_page_token
    rest = await holes.history.ListHoles(ListHolesRequest(page_size=2, page_token=token))
    assert [h.topic for h in (*first.holes, *rest.holes)] == ["quotes/IBM.XNYS", TOPIC, TOPIC]
    assert rest.next_page_token == ""
    other = ListHolesRequest(topic=TOPIC, page_token=token)
    assert (await refusal(holes.history.ListHoles(other)))[1] == "PAGE_TOKEN_INVALID"


async def test_a_backfill_fills_what_it_covers_and_no_more(holes, store):
    history = PostgresHistoryStore(store, len)
    rows = await history.fill_holes(TOPIC, START_NS + 1, START_NS + 29)
    assert rows == 6
    late, early = await listed(holes, topic=TOPIC)
    assert early.HasField("fill_time")
    assert not late.HasField("fill_time")


async def test_rows_that_are_missing_are_measured(holes):
    async def missing():
        return REGISTRY.get_sample_value("quarterdeck_marketdata_hole_rows")

    await until(missing, lambda rows: rows == 6 + 10 + 7)
