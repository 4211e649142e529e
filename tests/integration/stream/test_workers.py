"""Two stream workers of one deck: whichever a call reaches, it is answered for both."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import grpc
import pytest
from tests.integration.areas import info
from tests.integration.stream.client import Client, subscription
from tests.integration.stream.served import Served, bearer, notice, served

from quarterdeck.api.stream.v1 import connection_service_pb2 as pb
from quarterdeck.api.stream.v1 import notice_pb2, stream_service_pb2
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.settings import Settings, StreamSettings

QUOTES = "quotes/AAPL.XNAS"
NOTICES = "notices/broadcast"
PATIENCE_S = 10


@dataclass
class Pair:
    """Two workers on one bus; the second can be stopped on its own."""

    one: Served
    two: Served
    stack: AsyncExitStack

    async def stop_two(self) -> None:
        await self.stack.aclose()


@pytest.fixture
async def pair(local_bus: LocalBus) -> AsyncIterator[Pair]:
    """Two workers that know each other, with room for three streams of a principal."""
    async with AsyncExitStack() as stack, served(local_bus, settings("one")) as one:
        two = await stack.enter_async_context(served(local_bus, settings("two")))
        both = Pair(one, two, stack)
        async with Client(one, QUOTES, token="zoe"), Client(two, QUOTES, token="zoe"):
            for deck in (one, two):
                await until(lambda deck=deck: listed(deck, "zoe"), lambda found: len(found) == 2)
        yield both


def settings(name: str) -> Settings:
    return Settings(stream=StreamSettings(worker=name, streams_per_principal=3))


async def until[T](ask: Callable[[], Awaitable[T]], claim: Callable[[T], object]) -> T:
    """Ask until a claim holds for the answer."""
    deadline = time.monotonic() + PATIENCE_S
    while not claim(answer := await ask()):
        assert time.monotonic() < deadline, answer
        await asyncio.sleep(0.02)
    return answer


async def listed(deck: Served, token: str, size: int = 0) -> list[str]:
    """The connections that a worker lists, with the worker of each."""
    found: list[str] = []
    request = pb.ListConnectionsRequest(principal=f"principals/{token}", page_size=size)
    while True:
        answer = await deck.connections().ListConnections(request, metadata=bearer(token))
        found += [f"{one.worker} {one.name}" for one in answer.connections]
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token


async def refusal(call: Awaitable[object]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def test_connections_of_both_workers_come_in_pages_oldest_first(pair: Pair) -> None:
    async with Client(pair.one, QUOTES) as a, Client(pair.two, QUOTES) as b:
        expected = [f"one connections/{a.session}", f"two connections/{b.session}"]
        for deck in (pair.one, pair.two):
            assert await listed(deck, "ada", size=1) == expected


async def test_a_stream_is_changed_and_closed_at_the_other_worker(pair: Pair) -> None:
    async with Client(pair.two, QUOTES, token="bob") as client:
        add = [subscription("trades/*")]
        change = stream_service_pb2.UpdateSubscriptionRequest(session_id=client.session, add=add)
        answer = await pair.one.stub().UpdateSubscription(change, metadata=bearer("bob"))
        assert list(answer.topics) == [QUOTES, "trades/*"]
        await pair.one.bus.publish([notice("trades/AAPL.XNAS", 1)])
        await client.until(lambda: client.seen.sequences("trades/AAPL.XNAS") == [1])
        close = pb.CloseConnectionRequest(name=f"connections/{client.session}", note="enough")
        await pair.one.connections().CloseConnection(close, metadata=bearer("ada"))
        ended = await client.ended()
    assert (info(ended).reason, info(ended).metadata["note"]) == ("SESSION_CLOSED", "enough")


async def test_the_other_worker_decides_by_itself_what_the_caller_may(pair: Pair) -> None:
    async with Client(pair.two, QUOTES) as client:
        get = pb.GetConnectionRequest(name=f"connections/{client.session}")
        stub = pair.one.connections()
        shown = await stub.GetConnection(get, metadata=bearer("ada"))
        hidden = await refusal(stub.GetConnection(get, metadata=bearer("eve")))
        wrong = stream_service_pb2.UpdateSubscriptionRequest(
            session_id=client.session, add=[subscription("weather/today")]
        )
        refused = await refusal(pair.one.stub().UpdateSubscription(wrong, metadata=bearer("ada")))
    assert shown.connection.worker == "two"
    assert info(hidden).reason == "RESOURCE_NOT_FOUND"
    assert (info(refused).reason, info(refused).metadata["field"]) == (
        "TOPIC_INVALID",
        "add[0].topic",
    )


async def test_the_token_of_a_change_is_that_of_the_stream_from_then_on(pair: Pair) -> None:
    async with Client(pair.two, QUOTES, token="ada!0.5") as client:
        change = stream_service_pb2.UpdateSubscriptionRequest(session_id=client.session)
        await pair.one.stub().UpdateSubscription(change, metadata=bearer("ada"))
        await asyncio.sleep(0.7)  # what the first token lives, and a little more
        await pair.one.bus.publish([notice(QUOTES, 1)])
        await client.until(lambda: client.seen.events)
        assert client.error is None


async def test_totals_are_those_of_both_workers(pair: Pair) -> None:
    async with Client(pair.one, QUOTES) as a, Client(pair.two, QUOTES) as b:
        before = await totals(pair.one)
        await pair.one.bus.publish([notice(QUOTES, 1), notice(QUOTES, 2)])
        for client in (a, b):
            await client.until(lambda client=client: len(client.seen.events) == 2)
        after = await totals(pair.two)
    assert after.connections == 2
    assert after.sent_events - before.sent_events == 4
    assert after.published_events - before.published_events == 2


async def totals(deck: Served) -> pb.GetConnectionStatsResponse:
    stub, request = deck.connections(), pb.GetConnectionStatsRequest()
    return await stub.GetConnectionStats(request, metadata=bearer("ada"))


async def test_notices_of_both_workers_are_one_sequence(pair: Pair) -> None:
    async with Client(pair.one, NOTICES) as a, Client(pair.two, "notices/*") as b:
        for deck in (pair.one, pair.two):
            await until(lambda deck=deck: broadcast(deck), lambda readers: readers == 2)
        for client in (a, b):
            await client.until(lambda client=client: len(client.seen.events) >= 2)
            assert (client.seen.gaps, client.seen.faults) == ([], [])


async def broadcast(deck: Served) -> int:
    """How many streams a notice reaches."""
    request = pb.BroadcastNoticeRequest(severity=notice_pb2.NOTICE_SEVERITY_INFO, text="x")
    answer = await deck.connections().BroadcastNotice(request, metadata=bearer("ada"))
    return answer.connections


async def test_a_principal_has_its_streams_at_both_workers_together(pair: Pair) -> None:
    async with Client(pair.one, QUOTES), Client(pair.two, QUOTES), Client(pair.two, QUOTES):
        await until(lambda: opened(pair.one), lambda reason: reason == "LIMIT_EXCEEDED")
        assert await opened(pair.two) == "LIMIT_EXCEEDED"
    await until(lambda: opened(pair.one), lambda reason: reason == "")


async def opened(deck: Served) -> str:
    """Why a stream is refused, if it is."""
    async with Client(deck, QUOTES) as client:
        return info(client.error).reason if client.error else ""


async def test_streams_of_a_stopped_worker_do_not_count(pair: Pair) -> None:
    clients = [Client(pair.two, QUOTES) for _ in range(3)]
    for client in clients:
        await client.open()
    await until(lambda: opened(pair.one), lambda reason: reason == "LIMIT_EXCEEDED")
    await pair.stop_two()
    assert await opened(pair.one) == ""
    for client in clients:
        await client.close()


async def test_a_list_is_not_silently_without_the_streams_of_a_silent_worker(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck_server.stream.others.TIMEOUT_S", 0.2)
    monkeypatch.setattr(pair.two.tokens, "authenticate", lambda _: asyncio.sleep(60))
    error = await refusal(listed(pair.one, "ada"))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert info(error).metadata == {"dependency": "stream", "worker": "two"}
