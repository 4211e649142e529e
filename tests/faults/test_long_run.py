"""The service is killed in the middle of 100,000 events: the same result as without."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import batched

import pytest
from tests.conftest import Servers
from tests.faults.pace import FULL
from tests.faults.server import Server, serving
from tests.faults.table import Table
from tests.faults.witnesses import Recorder, portfolio
from tests.protocols import Fields

from quarterdeck import AsyncClient
from quarterdeck.api.trading.v1.trading_event_pb2 import TradingEvent
from quarterdeck.errors import Unavailable
from quarterdeck_server.runtime.postgres import Postgres

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not FULL, reason="what is scaled down breaks every step of a commit"),
]

EVENTS, BATCH, KILLS = 100_000, 1_000, 5
MOST_LATE = 5_000
MIDNIGHT = datetime(2012, 1, 3, tzinfo=UTC)
CALL_S = 0.5
"""Within so long of a call that it is killed, a call lasts."""
KEPT = """
SELECT count(*) AS events, count(DISTINCT event_id) AS ids FROM trading.event
WHERE account = $1 AND kind IN ('order', 'fill')"""
HEAD = """
SELECT event_position = (SELECT count(*) FROM trading.event)
  AND event_position = (SELECT max(position) FROM trading.event) FROM trading.head"""


@pytest.fixture
async def server(servers: Servers, dsn: str) -> AsyncIterator[Server]:
    """Every area in one process, which can be killed."""
    async with serving(dsn, servers.redis_url) as made:
        yield made


def told(recorder: Recorder) -> Iterator[TradingEvent]:
    """Orders and their fills at moving prices; of the first ones, some come an hour late."""
    for number in range(EVENTS // 2):
        late = timedelta(hours=number < MOST_LATE and number % 50 == 0)
        for event in recorder.events(str(number), f"{100 + number * 37 % 100}.25"):
            event.event_time.FromDatetime(MIDNIGHT + timedelta(seconds=number) - late)
            yield event


async def record(client: AsyncClient, recorder: Recorder, events: Sequence[TradingEvent]) -> None:
    """Record a batch, again and again until it is acknowledged."""
    while True:
        with suppress(Unavailable):
            await client.trading.record_events(node=recorder.node, events=events, timeout=20)
            return
        await asyncio.sleep(0.1)


async def record_all(server: Server, client: AsyncClient, name: str, killed: set[int]) -> Fields:
    """Record everything, killing the process amid some batches, and return what came of it."""
    recorder = Recorder(client, name=name, sides=("ORDER_SIDE_BUY", "ORDER_SIDE_SELL"))
    await recorder.begin()
    for number, events in enumerate(batched(told(recorder), BATCH, strict=True)):
        recording = asyncio.create_task(record(client, recorder, events))
        if number in killed:
            await asyncio.sleep(random.uniform(0, CALL_S))
            await asyncio.to_thread(server.end)
            await asyncio.to_thread(server.start)
        await recording
    return await portfolio(client, recorder.account)


async def test_a_service_killed_amid_100_000_events_shows_the_same_as_without(
    server: Server, client: AsyncClient, store: Postgres, table: Table
) -> None:
    killed = set(random.sample(range(EVENTS // BATCH), KILLS))
    after_kills = await record_all(server, client, "a", killed)
    without = await record_all(server, client, "b", set())
    assert str(after_kills) == str(without).replace("ACC-b", "ACC-a")
    for account in ("ACC-a", "ACC-b"):
        assert tuple(await store.fetchrow(KEPT, account) or ()) == (EVENTS, EVENTS)
    assert await store.fetchval(HEAD)
    kept = f"{EVENTS:,} of {EVENTS:,} events, once each"
    row = ("the same portfolio as without", kept, "each restart", "test_long_run.py")
    table.add(f"services killed {KILLS} times amid 100,000 events", *row)
