"""A master of the Redis Cluster that carries the bus is killed, and its replica takes its place."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.faults.publisher import Publisher, unexplained
from tests.faults.server import Server, serving
from tests.faults.table import Table
from tests.faults.witnesses import Reader, Recorder, longest_pause, until
from tests.integration.runtime import valkey
from tests.integration.runtime.valkey import Cluster

from quarterdeck.errors import UnannouncedGap
from quarterdeck.events import Gap

pytestmark = pytest.mark.system

SHARDS = 8
"""More than masters, so that each has some."""
WITNESSES = 6
"""Topics fall on streams by their names: some of so many are on the master that dies."""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with (
        tempfile.TemporaryDirectory(prefix="cluster-") as folder,
        valkey.cluster(Path(folder)) as c,
    ):
        yield c


@pytest.fixture
async def server(dsn: str, cluster: Cluster) -> AsyncIterator[Server]:
    """Every area in one process, with the bus on the cluster."""
    async with serving(dsn, cluster.url, QUARTERDECK_REDIS__SHARDS=str(SHARDS)) as made:
        yield made


async def test_a_killed_master_costs_nothing_that_is_not_announced(
    server: Server, cluster: Cluster, table: Table
) -> None:
    async with server.client() as client:
        reader, recorder = Reader(client), Recorder(client)
        publishers = [Publisher(client) for _ in range(WITNESSES)]
        topics = [publisher.topic for publisher in publishers]
        async with reader.watching(*topics, "fills/*"):
            async with at_work(publishers, recorder):
                await asyncio.to_thread(cluster.masters[0].kill)
                for publisher in publishers:
                    await publisher.publishes()
                await recorder.records()
            for publisher in publishers:
                last = publisher.acknowledged[-1]
                await until(lambda at=last, p=publisher: reader.is_beyond(p.topic, at))
            await until(lambda: set(recorder.acknowledged) <= {*fills_read(reader, recorder)})
        kept = [await publisher.kept() for publisher in publishers]
        fills = await recorder.fills()
    assert not [item for item in reader.items if isinstance(item, UnannouncedGap)]
    for publisher, stored in zip(publishers, kept, strict=True):
        assert not list(reader.breaks(publisher.topic))
        assert not unexplained(reader, publisher.topic, publisher.acknowledged)
        assert set(publisher.acknowledged) <= stored
    assert sorted(fills) == sorted(recorder.acknowledged)
    assert fills_read(reader, recorder) == recorder.acknowledged
    gaps = sum(isinstance(item, Gap) for item in reader.items)
    seen = f"`Gap` `BUS_LOSS` ({gaps})" if gaps else "a pause, nothing missing"
    waited = f"reader {longest_pause(reader.heard_at):.1f} s"
    table.add("a master of the cluster killed", seen, "all", waited, "test_cluster.py")


def fills_read(reader: Reader, recorder: Recorder) -> list[str]:
    """The fills that a reader got, by number."""
    events = reader.events(f"fills/{recorder.account}/S-1")
    return [event.payload.trade_id.removeprefix("T-") for event in events]


@contextlib.asynccontextmanager
async def at_work(publishers: list[Publisher], recorder: Recorder) -> AsyncIterator[None]:
    """Let everybody publish and record until the block ends."""
    async with contextlib.AsyncExitStack() as stack:
        for publisher in publishers:
            await stack.enter_async_context(publisher.publishing())
        await stack.enter_async_context(recorder.recording())
        yield
