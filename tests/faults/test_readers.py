"""What readers do that they must not, and that nobody but them notices."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.faults.afflictions import empty, paused
from tests.faults.mute import Mute, mute
from tests.faults.pace import FULL
from tests.faults.publisher import Publisher, unexplained
from tests.faults.strangers import machine, token_of
from tests.faults.table import Table
from tests.faults.witnesses import Reader, answer_that, longest_pause, until
from tests.integration.sdk.proxy import Proxy
from tests.system.deck import Deck, client_of

from quarterdeck import AsyncClient
from quarterdeck.api.auth.v1.principal_pb2 import ROLE_VIEWER
from quarterdeck.api.stream.v1.subscription_pb2 import DELIVERY_ALL, DELIVERY_LATEST, Subscription
from quarterdeck.events import Disconnected, Gap, Skipped

pytestmark = pytest.mark.system

FLOOD_ROWS = 20_000
MOST_FLOODS = 100


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


async def cut_readers(client: AsyncClient) -> int:
    return (await client.connections.get_connection_stats()).cut_readers


async def flood(publisher: Publisher, quick: Reader, until_cut: int) -> None:
    """Publish as fast as a quick reader takes it, until a reader that does not is cut."""
    for _ in range(MOST_FLOODS):
        await publisher.publish_one(FLOOD_ROWS)
        await until(lambda: quick.is_beyond(publisher.topic, publisher.acknowledged[-1]))
        if await cut_readers(publisher.client) >= until_cut:
            return


async def test_a_reader_that_never_reads_is_cut_and_nobody_else_notices(
    suite: Deck, publisher: Publisher, table: Table
) -> None:
    """With it a reader of the newest values, who is never cut and told what was left out."""
    topic, quick = publisher.topic, Reader(publisher.client)
    cut, token = await cut_readers(publisher.client), await asyncio.to_thread(suite.token)
    every, newest = (
        Subscription(topic=topic, delivery=delivery) for delivery in (DELIVERY_ALL, DELIVERY_LATEST)
    )
    async with (
        quick.watching(topic),
        mute(suite, token, [every]) as stuck,
        mute(suite, token, [newest]) as slow,
    ):
        assert await stuck.read()
        assert await slow.read()
        await flood(publisher, quick, cut + 1)
        assert await stuck.reason() == "READER_TOO_SLOW"
        await come_back(slow, publisher)
    assert not unexplained(quick, topic, publisher.acknowledged)
    assert not [item for item in quick.items if isinstance(item, Gap | Skipped | Disconnected)]
    assert total(slow, topic) == len(publisher.acknowledged)
    waited = f"others {longest_pause(quick.heard_at):.1f} s at most"
    table.add(
        "a reader that never reads (`ALL`)",
        "`READER_TOO_SLOW`; others everything",
        "all",
        waited,
        "test_readers.py",
    )
    table.add(
        "a slow reader (`LATEST`)",
        "`Skipped`, then the newest; others everything",
        "all",
        waited,
        "test_readers.py",
    )


async def come_back(slow: Mute, publisher: Publisher) -> None:
    """Read until the newest event came."""
    _, last = publisher.acknowledged[-1]
    while not any(event.sequence + event.rows - 1 >= last for event in slow.events):
        assert await slow.read()


def total(slow: Mute, topic: str) -> int:
    """Count the rows that came and those that were said to be left out."""
    skipped = [control.skipped for control in slow.controls if control.HasField("skipped")]
    assert skipped
    came = sum(event.rows for event in slow.events if event.topic == topic)
    return came + sum(one.count for one in skipped if one.topic == topic)


async def test_who_asks_for_100_000_topics_is_refused_before_any_work(
    suite: Deck, publisher: Publisher, table: Table
) -> None:
    wanted = [Subscription(topic=f"quotes/T{number}.XNAS") for number in range(100_000)]
    token = await asyncio.to_thread(suite.token)
    async with mute(suite, token, wanted) as greedy:
        refused = await asyncio.wait_for(greedy.reason(), 5)
    assert refused in {"FIELD_INVALID", "LIMIT_EXCEEDED"}
    async with mute(suite, token, wanted[:5_000]) as greedy:
        assert await greedy.reason() == "LIMIT_EXCEEDED"
    assert not (await publisher.client.stream.list_topics(prefix="quotes/T")).topics
    row = (f"`{refused}`; others nothing", "nothing", "at once")
    table.add("a reader that asks for 100,000 topics", *row, "test_readers.py")


async def test_who_reconnects_in_a_loop_is_told_to_wait_and_others_are_not(
    suite: Deck, publisher: Publisher, table: Table
) -> None:
    wanted = [Subscription(topic=publisher.topic)]
    async with machine(suite, ROLE_VIEWER) as looping, machine(suite, ROLE_VIEWER) as other:
        tokens = [await token_of(one) for one in (looping, other)]
        async with asyncio.timeout(20):
            refused, opened = None, 0
            while refused is None:
                async with mute(suite, tokens[0], wanted) as stream:
                    refused = await stream.refusal()
                opened += 1
        async with mute(suite, tokens[1], wanted) as stream:
            assert await stream.refusal() is None
    assert refused.reason == "LIMIT_EXCEEDED"
    assert refused.retry_after
    assert opened > 100
    row = ("`LIMIT_EXCEEDED` and when to come back; others nothing", "all", "at once")
    table.add("a reader that reconnects in a loop", *row, "test_readers.py")


async def test_what_a_bus_forgot_before_anybody_read_it_reaches_readers_or_is_announced(
    suite: Deck, publisher: Publisher, table: Table
) -> None:
    """Nothing is published afterwards that would show the hole by its number."""
    topic, reader = publisher.topic, Reader(publisher.client)
    async with reader.watching(topic):
        with paused(suite, "stream"):
            await publisher.publish_one(3)
            await asyncio.to_thread(empty, suite, "valkey")
        await until(lambda: not unexplained(reader, topic, publisher.acknowledged))
    assert not list(reader.breaks(topic))
    gaps = sum(isinstance(item, Gap) for item in reader.items)
    row = (f"`Gap` `BUS_LOSS` ({gaps})" if gaps else "every event", "all", "0.5 s")
    table.add("a bus that forgets what nobody read yet", *row, "test_readers.py")


async def test_a_connection_that_forwards_nothing_is_left_for_another(
    suite: Deck, publisher: Publisher, table: Table
) -> None:
    proxy = Proxy(int(suite.address.rpartition(":")[2]))
    await proxy.start()
    topic = publisher.topic
    async with AsyncClient(f"127.0.0.1:{proxy.port}", password=("admin", suite.password)) as far:
        reader = Reader(far, heartbeat=timedelta(seconds=1))
        async with reader.watching(topic):
            await publisher.publish_one()
            await until(lambda: reader.is_beyond(topic, publisher.acknowledged[-1]))
            proxy.freeze()
            await publisher.publish_one(3)
            await until(lambda: reader.is_beyond(topic, publisher.acknowledged[-1]))
            alone = await is_alone(publisher.client, topic) if FULL else True
    await proxy.stop()
    assert any(isinstance(item, Disconnected) for item in reader.items)
    assert not unexplained(reader, topic, publisher.acknowledged)
    waited = longest_pause(reader.heard_at)
    assert waited < 3.5
    assert alone
    row = ("`Disconnected`, then the events since", "all", f"reader {waited:.1f} s")
    table.add("a connection that forwards nothing", *row, "test_readers.py")


async def is_alone(client: AsyncClient, topic: str) -> bool:
    """Wait until the deck has let go of the dead connection."""
    await answer_that(
        client.connections.list_connections,
        lambda answer: [*(one.topics for one in answer.connections)].count([topic]) == 1,
    )
    return True
