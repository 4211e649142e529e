"""The bus on a real Valkey."""

import asyncio
import os
import struct
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import redis.asyncio as redis

from quarterdeck_server.kernel.errors import InvalidField, Unavailable
from quarterdeck_server.runtime.bus import Batch, Bus, LocalBus, Message, RedisBus, redis_bus
from quarterdeck_server.settings import RedisSettings


def message(sequence: int, topic: str = "quotes/AAPL.XNAS") -> Message:
    return Message(topic, 1, sequence, 1, time.time_ns(), b"payload")


@pytest.fixture(params=["local", "redis"])
def any_bus(request: pytest.FixtureRequest, bus: RedisBus, local_bus: LocalBus) -> Bus:
    return bus if request.param == "redis" else local_bus


@pytest.fixture
async def client(servers) -> AsyncIterator[redis.Redis]:
    """A way to the Valkey beside the bus."""
    async with redis.Redis.from_url(servers.redis_url) as opened:
        yield opened


async def take(batches, count: int) -> list[Message]:
    found: list[Message] = []
    async with asyncio.timeout(5):
        while len(found) < count:
            found += (await anext(batches)).messages
    return found


async def test_a_subscriber_gets_what_is_published_after_it_came(any_bus: Bus) -> None:
    await any_bus.publish([message(1)])
    async with any_bus.subscribe([]) as batches:
        sent = [message(2), message(3)]
        await any_bus.publish(sent)
        assert await take(batches, 2) == sent


async def test_a_subscriber_may_start_with_what_was_published_before(any_bus: Bus) -> None:
    sent = [message(1), message(2)]
    await any_bus.publish(sent)
    async with any_bus.subscribe([], replay=timedelta(seconds=30)) as batches:
        assert await take(batches, 2) == sent


async def test_a_subscriber_gets_only_the_kinds_it_asked_for(any_bus: Bus) -> None:
    async with any_bus.subscribe(["fills"]) as batches:
        wanted = message(1, "fills/SIM-001/Ema")
        await any_bus.publish([message(1), wanted])
        assert await take(batches, 1) == [wanted]


async def test_who_has_more_to_read_does_not_rest_over_what_it_does_not_want(
    bus: RedisBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a busy bus was ahead of it for ever, until what it wants was trimmed unread."""
    monkeypatch.setattr("quarterdeck_server.runtime.bus.lane.READ_ENTRIES", 1)
    monkeypatch.setattr("quarterdeck_server.runtime.bus.lane.UNWANTED_PAUSE_S", 60.0)
    wanted = message(1, "fills/SIM-001/Ema")
    await bus.publish([message(1)])
    await bus.publish([wanted])
    async with bus.subscribe(["fills"], replay=timedelta(seconds=30)) as batches:
        assert await take(batches, 1) == [wanted]


async def test_internal_messages_reach_those_who_name_them_alone(any_bus: Bus) -> None:
    async with (
        any_bus.subscribe(["_revocations"]) as internal,
        any_bus.subscribe(["quotes"]) as events,
    ):
        secret, quote = message(1, "_revocations/auth"), message(1)
        await any_bus.publish([secret, quote])
        assert await take(internal, 1) == [secret]
        assert await take(events, 1) == [quote]


async def test_concurrent_publishers_lose_nothing(any_bus: Bus) -> None:
    async with any_bus.subscribe([]) as batches:
        await asyncio.gather(*(any_bus.publish([message(n)]) for n in range(1, 201)))
        assert {m.sequence for m in await take(batches, 200)} == set(range(1, 201))


async def test_a_stream_that_was_emptied_is_announced_as_loss(
    bus: RedisBus, client: redis.Redis
) -> None:
    """A reader whose connection broke while Redis lost its memory must not go on silently."""
    async with bus.subscribe([]) as batches:
        await bus.publish([message(1)])
        assert await take(batches, 1)
        waiting = asyncio.ensure_future(anext(batches))
        await asyncio.sleep(0)
        await client.delete(f"{bus._settings.stream}:{{0}}")
        await client.client_kill_filter(_type="normal", skipme=True)
        async with asyncio.timeout(5):
            assert await waiting == Batch((), lost=True)
        await bus.publish([message(2)])
        assert [m.sequence for m in await take(batches, 1)] == [2]


async def test_a_message_that_cannot_be_written_fails_its_publisher_and_no_later_one(
    bus: RedisBus,
) -> None:
    """Its publisher must not wait for ever for a write that never happened."""
    good = Message("quotes/A.X", 1, 1, 1, 1, b"")
    bad = Message("quotes/" + "A" * 70_000, 1, 1, 1, 1, b"")
    async with asyncio.timeout(5):
        with pytest.raises(struct.error):
            await bus.publish([bad])
        await bus.publish([good])


@pytest.mark.parametrize(
    "url", ["bus:6379", "http://bus", "redis://bus:port", "redis+cluster://a:1,b:port", ""]
)
async def test_an_address_that_is_none_is_refused_at_once_and_not_repeated(url: str) -> None:
    """It may hold a password."""
    with pytest.raises(
        InvalidField, match=r"redis\.url is no address of a Redis server or cluster$"
    ):
        async with redis_bus(url, RedisSettings()):
            pass


async def test_the_bus_numbers_what_several_publish_to_one_topic(any_bus: Bus) -> None:
    """Their order on the bus is that of the numbers, so no reader sees a hole."""

    async def append(rows: int) -> Message:
        return await any_bus.append("notices/a", b"x", publish_time_ns=7, rows=rows)

    async with any_bus.subscribe(["notices"]) as batches:
        returned = await asyncio.gather(*(append(1 + n % 2) for n in range(20)))
        found = await take(batches, 20)
    assert sorted(returned, key=lambda one: one.sequence) == found
    assert len({one.epoch for one in found}) == 1
    expected = 1
    for one in found:
        assert one.sequence == expected
        expected += one.rows


async def test_numbers_begin_anew_in_another_epoch_when_redis_forgot_them(
    bus: RedisBus, client: redis.Redis
) -> None:
    first = await bus.append("notices/a", b"", publish_time_ns=1)
    await client.delete(f"{bus._settings.stream}:{{0}}:numbers")
    second = await bus.append("notices/a", b"", publish_time_ns=1)
    assert (first.sequence, second.sequence) == (1, 1)
    assert second.epoch > first.epoch


async def test_what_a_subscriber_raises_stays_what_it_is_over_several_streams(servers) -> None:
    """A group of errors around it would pass every handler of its type."""
    settings = RedisSettings(stream=f"test:{os.getpid()}:several", shards=3)
    async with redis_bus(servers.redis_url, settings) as several:
        with pytest.raises(Unavailable, match="of its own"):
            async with several.subscribe([]):
                raise Unavailable("of its own")


async def test_a_clock_that_was_set_back_does_not_keep_messages_for_ever() -> None:
    local_bus = LocalBus(retention=timedelta(0))
    ahead = Message("quotes/A", 1, 1, 1, time.time_ns() + 2 * 3_600_000_000_000, b"")
    for _ in range(3):
        await local_bus.publish([ahead])
        await asyncio.sleep(0.001)
    last = message(4)
    await local_bus.publish([last])
    async with local_bus.subscribe([], replay=timedelta(minutes=1)) as batches:
        assert await take(batches, 1) == [last]
