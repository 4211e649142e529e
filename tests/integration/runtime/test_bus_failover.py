"""The bus across what may happen to Redis: killed, paused, a master of a cluster replaced."""

import asyncio
import signal
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from tests.integration.runtime import valkey
from tests.integration.runtime.valkey import Cluster, Server

from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.bus import Bus, Message, metrics, redis_bus
from quarterdeck_server.runtime.bus.redis import ShardsDiffer
from quarterdeck_server.settings import RedisSettings

PATIENCE_S = 15
TOPICS = [f"quotes/S{number}.XNAS" for number in range(12)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three masters, the first of which has a replica."""
    with valkey.cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that loses nothing when it is killed."""
    with valkey.server(tmp_path, "--appendonly", "yes") as running:
        yield running


class Publisher:
    """Publishes to every topic, again and again, and knows what was acknowledged."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.acknowledged = 0

    @asynccontextmanager
    async def publishing(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._publish())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _publish(self) -> None:
        while True:
            await asyncio.shield(self._bus.publish(batch(self.acknowledged + 1)))
            self.acknowledged += 1
            await asyncio.sleep(0.002)

    async def goes_on(self) -> None:
        """Wait until something is acknowledged that was published after this moment."""
        before = self.acknowledged
        await until(lambda: self.acknowledged >= before + 20)


class Reader:
    """Keeps what each topic brought, without what came twice, as the hub does."""

    def __init__(self) -> None:
        self.seen: dict[str, list[int]] = defaultdict(list)
        self.losses = 0
        self.was_away = False

    @asynccontextmanager
    async def reading(self, bus: Bus) -> AsyncIterator[None]:
        async with bus.subscribe(["quotes"]) as batches:
            task = asyncio.create_task(self._read(batches))
            try:
                yield
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _read(self, batches) -> None:
        async for batch in batches:
            self.losses += batch.lost
            self.was_away |= batch.away
            for message in batch.messages:
                known = self.seen[message.topic]
                if not known or message.sequence > known[-1]:
                    known.append(message.sequence)

    async def has(self, last: int) -> None:
        """Wait until every topic came so far."""
        await until(lambda: all(self.seen[topic][-1:] >= [last] for topic in TOPICS))


async def until(claim: Callable[[], object]) -> None:
    """Wait until a claim holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.01)


def batch(sequence: int) -> list[Message]:
    return [Message(topic, 1, sequence, 1, time.time_ns(), b"x") for topic in TOPICS]


async def survives(bus: Bus, harm) -> Reader:
    """Publish and read while harm is done; every event must arrive, in order."""
    publisher, reader = Publisher(bus), Reader()
    async with reader.reading(bus):
        async with publisher.publishing():
            await publisher.goes_on()
            await asyncio.to_thread(harm)
            await publisher.goes_on()
        await reader.has(publisher.acknowledged)
    for topic in TOPICS:
        expected = list(range(1, publisher.acknowledged + 1))
        assert reader.seen[topic][: len(expected)] == expected
    return reader


async def test_no_event_is_lost_when_a_master_of_the_cluster_is_killed(cluster: Cluster) -> None:
    settings = RedisSettings(stream="test:failover", shards=6)
    async with redis_bus(cluster.url, settings) as bus:
        first = await bus.append("notices/a", b"", publish_time_ns=1)
        holders = {_holder(cluster, f"test:failover:{{{n}}}").port for n in range(6)}
        assert holders == {node.port for node in cluster.masters}
        reader = await survives(bus, cluster.masters[0].kill)
        assert reader.losses
        second = await bus.append("notices/a", b"", publish_time_ns=1)
        assert (second.epoch, second.sequence) > (first.epoch, first.sequence)


async def test_no_event_is_lost_when_redis_is_killed_and_started_again(server: Server) -> None:
    def harm() -> None:
        server.kill()
        server.start()

    async with redis_bus(server.url, RedisSettings()) as bus:
        await survives(bus, harm)


async def test_a_paused_redis_is_away_and_comes_back(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck_server.runtime.bus.place.ANSWER_TIMEOUT_S", 0.6)
    monkeypatch.setattr("quarterdeck_server.runtime.bus.lane.AWAY_AFTER_S", 0.5)

    def harm() -> None:
        server.signal(signal.SIGSTOP)
        time.sleep(1.5)
        server.signal(signal.SIGCONT)

    async with redis_bus(server.url, RedisSettings()) as bus:
        reader = await survives(bus, harm)
    assert reader.was_away


async def test_what_a_failover_lost_is_written_again_by_its_publisher(server: Server) -> None:
    """As a replica would have it that did not get the last two entries."""
    async with redis_bus(server.url, RedisSettings()) as bus:
        for sequence in range(1, 6):
            await bus.publish(batch(sequence))
        key = "quarterdeck:bus:{0}"
        lost = [identifier for identifier, _ in server.client.xrange(key)][3:]
        server.client.xdel(key, *lost)
        become_another_run(server)
        reader = Reader()
        await until(lambda: server.client.xlen(key) == 5)
        async with bus.subscribe([], replay=timedelta(minutes=1)) as batches:
            async for each in batches:
                reader.seen["all"] += [m.sequence for m in each.messages if m.topic == TOPICS[0]]
                if len(reader.seen["all"]) == 5:
                    break
    assert reader.seen["all"] == [1, 2, 3, 4, 5]


async def test_an_emptied_redis_gets_back_what_was_just_written(server: Server) -> None:
    async with redis_bus(server.url, RedisSettings()) as bus:
        await bus.publish(batch(1))
        server.client.flushall()
        become_another_run(server)
        await until(lambda: server.client.xlen("quarterdeck:bus:{0}"))


async def test_a_publisher_gets_a_typed_error_and_soon_when_redis_is_long_away(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck_server.runtime.bus.writer.PATIENCE_S", 0.3)
    async with redis_bus(server.url, RedisSettings()) as bus:
        await bus.publish(batch(1))
        server.kill()
        for _ in range(2):
            with pytest.raises(Unavailable) as refusal:
                await bus.publish(batch(2))
        assert refusal.value.metadata == {"dependency": "redis"}
        server.start()
        await bus.publish(batch(3))


async def test_who_waits_to_publish_is_told_when_the_bus_is_closed(server: Server) -> None:
    """Else the call that publishes would wait for ever, and the process could not stop."""
    async with redis_bus(server.url, RedisSettings()) as bus:
        await bus.publish(batch(1))
        broken = metrics.BROKEN.labels("write")._value.get()
        server.kill()
        waiting = [asyncio.create_task(bus.publish(batch(2)))]
        await until(lambda: metrics.BROKEN.labels("write")._value.get() > broken)
        waiting.append(asyncio.create_task(bus.publish(batch(3))))
        await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE_S):
        ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(end).__name__ for end in ends] == 2 * ["BusUnavailable"]


async def test_a_reader_that_ends_while_the_bus_is_away_is_not_counted_any_more(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck_server.runtime.bus.lane.AWAY_AFTER_S", 0.0)
    before = metrics.AWAY._value.get()
    async with redis_bus(server.url, RedisSettings()) as bus, bus.subscribe(["quotes"]) as batches:
        server.kill()
        async with asyncio.timeout(PATIENCE_S):
            assert (await anext(batches)).away
        assert metrics.AWAY._value.get() == before + 1
    assert metrics.AWAY._value.get() == before


async def test_processes_that_spread_topics_differently_do_not_work_together(
    server: Server,
) -> None:
    """They would silently miss each other's events."""
    async with (
        redis_bus(server.url, RedisSettings(shards=1)) as one,
        redis_bus(server.url, RedisSettings(shards=2)) as other,
    ):
        await one.publish(batch(1))
        with pytest.raises(ShardsDiffer, match=r"redis.shards is 2 here and 1 elsewhere"):
            await other.publish(batch(1))


def become_another_run(server: Server) -> None:
    """Let a server change its identity as a replica does that takes over."""
    server.client.replicaof("127.0.0.1", 1)
    server.client.replicaof("NO", "ONE")
    server.client.client_kill_filter(_type="normal", skipme=True)


def _holder(cluster: Cluster, key: str) -> Server:
    """Return the master that has a key."""
    for node in cluster.masters:
        try:
            node.client.exists(key)
        except redis.ResponseError:
            continue
        return node
    raise AssertionError(key)


async def test_processes_agree_again_when_redis_came_back_empty(server: Server) -> None:
    """Else one that came later with another number of streams would not be refused."""
    async with redis_bus(server.url, RedisSettings()) as one:
        await one.publish([internal(1)])
        server.client.flushall()
        become_another_run(server)
        await one.publish([internal(2)])
        await one.publish([internal(3)])
        async with redis_bus(server.url, RedisSettings(shards=2)) as other:
            with pytest.raises(ShardsDiffer):
                await other.publish(batch(1))


async def test_a_stream_that_is_only_appended_to_is_trimmed_too(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck_server.runtime.bus.writer.TRIM_EVERY_S", 0.0)
    settings = RedisSettings(retention=timedelta(milliseconds=10))
    async with redis_bus(server.url, settings) as bus:
        for _ in range(300):  # Redis forgets a hundred at a time
            await bus.append("notices/a", b"x", publish_time_ns=1)
    assert server.client.xlen("quarterdeck:bus:{0}") < 300


def internal(sequence: int) -> Message:
    return Message("_workers/a", 1, sequence, 1, 1, b"")
