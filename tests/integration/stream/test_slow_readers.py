"""A reader that does not read: it is cut or conflated, and nobody else notices."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from tests.integration.areas import info
from tests.integration.stream.client import Client, subscription
from tests.integration.stream.served import Served, bearer, notice, served
from tests.unit.stream.deck import Seen

from quarterdeck.api.stream.v1 import connection_service_pb2 as connection_pb
from quarterdeck.api.stream.v1 import stream_service_pb2 as pb
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.settings import Settings, StreamSettings

NOTICES = "notices/load"
QUOTES = "quotes/AAPL.XNAS"
MANY = 3_000


@pytest.fixture
async def deck() -> AsyncIterator[Served]:
    """A stream area that cuts early."""
    settings = Settings(stream=StreamSettings(cut_bytes=1 << 20))
    async with served(LocalBus(), settings) as opened:
        yield opened


async def pour(deck: Served, topic: str, reader: Client) -> None:
    """Publish 30 MB no faster than a reader takes them."""
    for first in range(1, MANY + 1, 20):
        batch = [notice(topic, number, size=10_000) for number in range(first, first + 20)]
        await deck.bus.publish(batch)
        await reader.until(lambda last=first + 19: len(reader.seen.events) >= last)


async def watch(deck: Served, topic: str):
    """Open a stream and read no more than its opening."""
    request = pb.WatchRequest(subscriptions=[subscription(topic)])
    call = deck.stub().Watch(request, metadata=bearer("slow"))
    return call, await call.read()


async def drain(call, seen: Seen) -> None:
    """Read a stream to its end."""
    async with asyncio.timeout(20):
        while (response := await call.read()) is not grpc.aio.EOF:
            seen.take(response.SerializeToString())


async def until_one_is_cut(deck: Served) -> None:
    """Return once a reader was cut."""
    request, stub = connection_pb.GetConnectionStatsRequest(), deck.connections()
    async with asyncio.timeout(10):
        while True:
            stats = await stub.GetConnectionStats(request, metadata=bearer("ada"))
            if stats.cut_readers == 1:
                return
            await asyncio.sleep(0.05)


async def test_a_stuck_reader_is_cut_and_may_resume_while_others_get_everything(deck):
    call, opening = await watch(deck, NOTICES)
    async with Client(deck, NOTICES) as quick:
        await pour(deck, NOTICES, quick)
        await until_one_is_cut(deck)
    seen = Seen()
    seen.take(opening.SerializeToString())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await drain(call, seen)
    assert info(caught.value).reason == "READER_TOO_SLOW"
    assert (seen.controls[-1], quick.seen.faults) == ("error", [])
    assert len(seen.events) < MANY
    async with Client(deck, NOTICES, token="slow", seen=seen) as again:
        await again.until(lambda: len(again.seen.events) == MANY)
    assert (again.seen.faults, again.seen.gaps) == ([], [])


async def test_a_stuck_latest_reader_comes_back_to_the_newest_value(deck):
    call, _ = await watch(deck, QUOTES)
    async with Client(deck, QUOTES) as quick:
        for first in range(1, MANY + 1, 20):
            rows = [notice(QUOTES, number, size=10_000) for number in range(first, first + 20)]
            await deck.bus.publish(rows)
            await quick.until(lambda last=first + 19: _newest(quick.seen) >= last)
    seen = Seen()
    async with asyncio.timeout(10):
        while _newest(seen) < MANY:
            seen.take((await call.read()).SerializeToString())
    call.cancel()
    assert seen.faults == []
    assert len(seen.events) < MANY // 2
    assert sum(count for _, count, _ in seen.skipped) + len(seen.events) == MANY


def _newest(seen: Seen) -> int:
    return max(seen.sequences(QUOTES), default=0)


async def test_a_cut_reader_that_never_reads_again_is_let_go(deck, monkeypatch):
    monkeypatch.setattr("quarterdeck_server.stream.session.LINGER_OF_SLOW_S", 0.5)
    call, _ = await watch(deck, NOTICES)
    await deck.bus.publish([notice(NOTICES, number, size=10_000) for number in range(1, 2_001)])
    await until_one_is_cut(deck)
    stub, request = deck.connections(), connection_pb.ListConnectionsRequest()
    async with asyncio.timeout(10):
        while True:
            answer = await stub.ListConnections(request, metadata=bearer("ada"))
            if not answer.connections:
                break
            await asyncio.sleep(0.05)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await drain(call, Seen())
    assert info(caught.value).reason == "READER_TOO_SLOW"
