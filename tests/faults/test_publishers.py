"""What publishers do that they must not, and that nobody but them notices."""

import time
import uuid
from collections.abc import AsyncIterator

import pytest
from tests.faults.afflictions import paused
from tests.faults.publisher import Publisher, quotes, read, unexplained
from tests.faults.strangers import machine
from tests.faults.table import Table
from tests.faults.witnesses import Reader, Recorder, answer_that, until
from tests.system.deck import Deck, client_of

from quarterdeck import AsyncClient
from quarterdeck.api.auth.v1.principal_pb2 import ROLE_NODE, ROLE_VIEWER
from quarterdeck.errors import Conflict, InvalidRequest, NotAllowed, QuarterdeckError
from quarterdeck.publishing import quote_batches

pytestmark = pytest.mark.system

DAY_NS = 86_400 * 10**9
FLOOD_ROWS = 20_000


@pytest.fixture
async def client(suite: Deck) -> AsyncIterator[AsyncClient]:
    async with client_of(suite) as opened:
        yield opened


@pytest.fixture
async def publisher(client: AsyncClient) -> Publisher:
    """One whose instrument exists, and who has published once."""
    made = Publisher(client)
    await made.begin()
    await made.publish_one()
    return made


async def metric(client: AsyncClient, name: str) -> float:
    answer = await client.metrics.get_metric_snapshot(prefix=name)
    return sum(found.value for found in answer.metrics)


@pytest.mark.parametrize("ahead_days", [-30_000, 3, 80_000])
async def test_a_time_that_cannot_be_is_refused_and_nothing_of_the_batch_is_published(
    publisher: Publisher, table: Table, ahead_days: int
) -> None:
    now = time.time_ns()
    lie = quotes(publisher.instrument, 2, event_time_ns=[now, now + ahead_days * DAY_NS])
    with pytest.raises(InvalidRequest) as caught:
        await publisher.client.publish(quotes=[lie])
    assert [found.field for found in caught.value.fields] == ["quotes[0].event_time_ns[1]"]
    await publisher.publish_one()
    assert [sequence for _, sequence in publisher.acknowledged] == [1, 2]
    row = ("nothing", "nothing; `FIELD_INVALID` names the row", "at once")
    table.add("times before 1970 or far ahead", *row, "test_publishers.py")


async def test_times_that_go_back_are_published_in_order_of_arrival_and_counted_as_late(
    publisher: Publisher, table: Table
) -> None:
    client, late = publisher.client, "quarterdeck_marketdata_late_rows_total"
    before = await metric(client, late)
    now = time.time_ns()
    await client.publish(
        quotes=[quotes(publisher.instrument, 3, event_time_ns=[now, now - DAY_NS, now - 1])]
    )
    assert await answer_that(lambda: metric(client, late), lambda found: found >= before + 2)
    row = ("every row, as it came", "every row", "at once")
    table.add("times that go back", *row, "test_publishers.py")


async def test_a_request_sent_twice_is_published_once(publisher: Publisher, table: Table) -> None:
    reader, request = Reader(publisher.client), uuid.uuid4().hex
    batches = quote_batches([quotes(publisher.instrument)])
    async with reader.watching(publisher.topic):
        answers = [
            await publisher.client.ingest.publish(quotes=batches, request_id=request)
            for _ in range(3)
        ]
        await publisher.publish_one()
        await until(lambda: reader.is_beyond(publisher.topic, publisher.acknowledged[-1]))
    assert {answer.acknowledgements[0].last_sequence for answer in answers} == {2}
    sequences = [sequence for _, sequence in read(reader, publisher.topic)]
    assert sequences[-2:] == [2, 3]
    row = ("each row once", "each row once; the same answer again", "at once")
    table.add("a request sent again", *row, "test_publishers.py")


async def test_an_identifier_used_for_something_else_is_refused(
    publisher: Publisher, table: Table
) -> None:
    request = uuid.uuid4().hex
    ingest = publisher.client.ingest
    one, other = (quote_batches([quotes(publisher.instrument, n)]) for n in (1, 2))
    await ingest.publish(quotes=one, request_id=request)
    with pytest.raises(QuarterdeckError) as caught:
        await ingest.publish(quotes=other, request_id=request)
    assert caught.value.reason == "REQUEST_ID_REUSED"
    row = ("nothing", "nothing; `REQUEST_ID_REUSED`", "at once")
    table.add("an identifier used for other content", *row, "test_publishers.py")


async def test_an_event_told_twice_counts_once_and_told_otherwise_is_refused(
    client: AsyncClient, table: Table
) -> None:
    recorder = Recorder(client)
    await recorder.begin()
    events, other = recorder.events("1"), recorder.events("1", price="99")
    told = [await client.trading.record_events(node=recorder.node, events=events) for _ in range(2)]
    assert [answer.duplicate_count for answer in told] == [0, 2]
    with pytest.raises(Conflict) as caught:
        await client.trading.record_events(node=recorder.node, events=other)
    assert caught.value.reason == "EVENT_ID_REUSED"
    assert await recorder.fills() == ["1"]
    row = ("each fill once", "each fill once; `EVENT_ID_REUSED` if it differs", "at once")
    table.add("an event told twice", *row, "test_publishers.py")


async def test_who_may_not_publish_is_refused_and_uses_no_sequence_number(
    suite: Deck, publisher: Publisher, table: Table
) -> None:
    async with machine(suite, ROLE_VIEWER) as stranger:
        with pytest.raises(NotAllowed) as caught:
            await stranger.publish(quotes=[quotes(publisher.instrument)])
    assert caught.value.reason == "PERMISSION_MISSING"
    await publisher.publish_one()
    assert [sequence for _, sequence in publisher.acknowledged] == [1, 2]
    row = ("nothing", "nothing; `PERMISSION_MISSING`", "at once")
    table.add("a publisher without the permission", *row, "test_publishers.py")


async def test_a_node_cannot_record_for_an_account_of_others(
    suite: Deck, client: AsyncClient, table: Table
) -> None:
    owner = Recorder(client)
    await owner.begin()
    async with machine(suite, ROLE_NODE, ["ELSEWHERE"]) as stranger:
        with pytest.raises(NotAllowed) as caught:
            await stranger.trading.record_events(node=owner.node, events=owner.events("1"))
    assert caught.value.reason in {"SCOPE_FORBIDDEN", "PERMISSION_MISSING"}
    assert await owner.fills() == []
    row = ("nothing", f"nothing; `{caught.value.reason}`", "at once")
    table.add("a node that records for others", *row, "test_publishers.py")


async def test_a_flood_that_history_cannot_take_is_streamed_and_leaves_holes_that_are_listed(
    suite: Deck, publisher: Publisher, table: Table
) -> None:
    """The queue takes 50,000 rows here, and the database takes none for a while."""
    reader = Reader(publisher.client)
    async with reader.watching(publisher.topic):
        with paused(suite, "postgres"):
            for _ in range(4):
                await publisher.publish_one(FLOOD_ROWS)
            await until(lambda: reader.is_beyond(publisher.topic, publisher.acknowledged[-1]))
        kept = await publisher.kept()
    assert not unexplained(reader, publisher.topic, publisher.acknowledged)
    assert set(publisher.acknowledged) <= kept
    holes = [place for hole in await publisher.holes() for place in hole]
    assert holes
    sent = len(publisher.acknowledged)
    row = ("every row", f"{sent - len(holes):,} of {sent:,} rows, the others as holes", "at once")
    table.add("a flood while the database hangs", *row, "test_publishers.py")
