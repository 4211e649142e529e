"""The wall clock of a machine is set forward or back while everything goes on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.conftest import Servers
from tests.faults.publisher import Publisher, unexplained
from tests.faults.server import Server, serving
from tests.faults.table import Table
from tests.faults.witnesses import Reader, Recorder, until

from quarterdeck import AsyncClient
from quarterdeck.errors import UnannouncedGap
from quarterdeck.events import Event, Stale

pytestmark = pytest.mark.system

HOUR_S = 3_600.0
SILENCE_S = 1


@pytest.fixture
async def server(servers: Servers, dsn: str) -> AsyncIterator[Server]:
    """Every area in one process, whose clock can be stepped."""
    silence = f'{{"quotes": "PT{SILENCE_S}S"}}'
    async with serving(dsn, servers.redis_url, QUARTERDECK_STREAM__STALE_AFTER=silence) as made:
        yield made


async def test_a_stepped_clock_costs_no_event_and_silence_is_still_noticed(
    server: Server, client: AsyncClient, table: Table
) -> None:
    for name, step_s in (("forward", 2 * HOUR_S), ("back", -2 * HOUR_S)):
        await survive(server, client, step_s)
        row = ("every event; `Stale` when it falls silent", "all", "at once")
        table.add(f"clock set {name} two hours", *row, "test_clock.py")


async def survive(server: Server, client: AsyncClient, step_s: float) -> None:
    """Step the clock while everybody works, and back when nobody does."""
    reader, publisher, recorder = Reader(client), Publisher(client), Recorder(client)
    reader.heartbeat = timedelta(seconds=1)
    async with reader.watching(publisher.topic, "fills/*", "nodes/*"):
        async with publisher.publishing(), recorder.recording():
            server.step(step_s)
            await publisher.publishes()
            await recorder.records()
        server.step(0)
        stale = count_stale(reader, publisher.topic)
        await until(lambda: reader.is_beyond(publisher.topic, publisher.acknowledged[-1]))
        await until(lambda: count_stale(reader, publisher.topic) > stale)
    assert not [item for item in reader.items if isinstance(item, UnannouncedGap)]
    assert not unexplained(reader, publisher.topic, publisher.acknowledged)
    assert set(publisher.acknowledged) <= await publisher.kept()
    assert set(recorder.acknowledged) == set(await recorder.fills())


def count_stale(reader: Reader, topic: str) -> int:
    return sum(isinstance(item, Stale) and item.topic == topic for item in reader.items)


async def test_a_process_that_starts_with_a_clock_set_back_is_still_heard(
    server: Server, client: AsyncClient, table: Table
) -> None:
    reader, publisher, recorder = Reader(client), Publisher(client), Recorder(client)
    async with reader.watching(publisher.topic, "nodes/*"):
        await publisher.begin()
        await publisher.publish_one()
        await recorder.begin()
        await until(lambda: came(reader, "nodes") and came(reader, "quotes"))
        await asyncio.to_thread(server.end)
        server.step(-2 * HOUR_S)
        await asyncio.to_thread(server.start)
        seen = len(reader.items)
        await publisher.publish_one()
        await recorder.begin()
        await until(lambda: came(reader, "nodes", seen) and came(reader, "quotes", seen))
    assert not [item for item in reader.items if isinstance(item, UnannouncedGap)]
    assert not unexplained(reader, publisher.topic, publisher.acknowledged)
    row = ("`Gap` `EPOCH_CHANGED`, then every event", "all", "the restart")
    table.add("restart with a clock set back", *row, "test_clock.py")


def came(reader: Reader, kind: str, since: int = 0) -> bool:
    """Tell whether an event of a kind came after so many items."""
    return any(isinstance(item, Event) and item.kind == kind for item in reader.items[since:])
