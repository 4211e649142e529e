"""ConnectionService over a real connection."""

import asyncio

import grpc
import pytest
from tests.integration.areas import info
from tests.integration.stream.client import Client, subscription
from tests.integration.stream.served import bearer, notice

from quarterdeck.api.stream.v1 import connection_pb2, stream_service_pb2
from quarterdeck.api.stream.v1 import connection_service_pb2 as pb

QUOTES = "quotes/AAPL.XNAS"


async def test_a_connection_shows_what_it_reads_and_was_sent(deck):
    async with Client(deck, "quotes/*") as client:
        await deck.bus.publish([notice(QUOTES, number) for number in range(1, 6)])
        await client.until(lambda: len(client.seen.events) == 5)
        request = pb.GetConnectionRequest(name=f"connections/{client.session}")
        answer = await deck.connections().GetConnection(request, metadata=bearer("ada"))
    shown = answer.connection
    assert (shown.principal, list(shown.topics)) == ("principals/ada", ["quotes/*"])
    assert shown.sent_events == 5
    assert shown.sent_frames >= 2
    assert "grpc" in shown.user_agent


async def test_connections_come_in_pages_oldest_first(deck):
    names, token = [], ""
    async with Client(deck, QUOTES) as one, Client(deck, QUOTES) as two:
        while True:
            request = pb.ListConnectionsRequest(page_size=1, page_token=token)
            answer = await deck.connections().ListConnections(request, metadata=bearer("ada"))
            names += [shown.name for shown in answer.connections]
            token = answer.next_page_token
            if not token:
                break
        assert names == [f"connections/{client.session}" for client in (one, two)]


async def test_others_connections_are_hidden_without_the_permission(deck):
    stub = deck.connections()
    async with Client(deck, QUOTES) as client:
        mine = await stub.ListConnections(pb.ListConnectionsRequest(), metadata=bearer("eve"))
        request = pb.GetConnectionRequest(name=f"connections/{client.session}")
        with pytest.raises(grpc.aio.AioRpcError) as hidden:
            await stub.GetConnection(request, metadata=bearer("eve"))
        others = pb.ListConnectionsRequest(principal="principals/ada")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.ListConnections(others, metadata=bearer("eve"))
    assert not mine.connections
    assert info(hidden.value).reason == "RESOURCE_NOT_FOUND"
    assert info(refused.value).reason == "PERMISSION_MISSING"


async def test_an_operator_closes_a_connection_and_the_reader_learns_why(deck):
    async with Client(deck, QUOTES, token="bob") as client:
        request = pb.CloseConnectionRequest(
            name=f"connections/{client.session}", note="maintenance"
        )
        await deck.connections().CloseConnection(request, metadata=bearer("ada"))
        error = await client.ended()
    assert info(error).reason == "SESSION_CLOSED"
    assert info(error).metadata["note"] == "maintenance"
    assert client.seen.controls[-1] == "error"


async def test_a_broadcast_reaches_who_watches_notices(deck):
    async with Client(deck, "notices/*") as one, Client(deck, QUOTES):
        for text in ("first", "second"):
            request = pb.BroadcastNoticeRequest(severity="NOTICE_SEVERITY_WARNING", text=text)
            answer = await deck.connections().BroadcastNotice(request, metadata=bearer("ada"))
        await one.until(lambda: len(one.seen.events) == 2)
    assert answer.connections == 1
    assert one.seen.sequences("notices/broadcast") == [1, 2]


async def test_a_connection_tells_how_far_behind_it_is(deck):
    request = stream_service_pb2.WatchRequest(subscriptions=[subscription("notices/load")])
    # On a busy machine grpc may widen its window until all of it fits in unread.
    call = deck.stub(("grpc.http2.bdp_probe", 0)).Watch(request, metadata=bearer("slow"))
    await call.read()
    await deck.bus.publish([notice("notices/load", n, size=10_000) for n in range(1, 751)])
    stub, shown = deck.connections(), connection_pb2.Connection()
    async with asyncio.timeout(5):
        while shown.behind_ms < 100:
            listing = pb.ListConnectionsRequest(principal="principals/slow")
            answer = await stub.ListConnections(listing, metadata=bearer("ada"))
            shown = answer.connections[0]
            await asyncio.sleep(0.02)
    call.cancel()
    assert shown.behind_bytes > 0


async def test_the_totals_count_what_was_sent_and_who_is_there(deck):
    async with Client(deck, QUOTES) as client:
        await deck.bus.publish([notice(QUOTES, 1), notice(QUOTES, 2)])
        await client.until(lambda: len(client.seen.events) == 2)
    async with Client(deck, QUOTES):
        request = pb.GetConnectionStatsRequest()
        stats = await deck.connections().GetConnectionStats(request, metadata=bearer("ada"))
    assert (stats.topics, stats.published_events) == (1, 2)
    assert stats.connections >= 1
    assert stats.sent_events >= 2


async def test_the_hundred_and_first_stream_of_a_principal_is_refused(deck):
    stub = deck.stub()
    request = stream_service_pb2.WatchRequest(subscriptions=[subscription(QUOTES)])
    calls = [stub.Watch(request, metadata=bearer("ada")) for _ in range(100)]
    for call in calls:
        await call.read()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Watch(request, metadata=bearer("ada")).read()
    for call in calls:
        call.cancel()
    assert info(caught.value).reason == "LIMIT_EXCEEDED"
    assert dict(info(caught.value).metadata) == {
        "subject": "streams per principal",
        "limit": "100",
    }
