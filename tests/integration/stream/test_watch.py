"""What a reader of Watch sees over a real connection."""

import asyncio

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from grpc_status import rpc_status
from tests.integration.areas import info
from tests.integration.stream.client import Client, subscription
from tests.integration.stream.served import bearer, notice, served

from quarterdeck.api.stream.v1 import stream_service_pb2 as pb
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.settings import Settings, StreamSettings

QUOTES = "quotes/AAPL.XNAS"
FILLS = "fills/SIM-001/ema"


async def publish(deck, topic, *sequences, **fields):
    await deck.bus.publish([notice(topic, sequence, **fields) for sequence in sequences])


async def refused(deck, *subscriptions, token="ada"):  # noqa: S107 - a name
    request = pb.WatchRequest(subscriptions=subscriptions)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in deck.stub().Watch(request, metadata=bearer(token)):
            pass
    return caught.value


async def test_a_stream_opens_subscribes_and_delivers(deck):
    async with Client(deck, "quotes/*", "fills/*") as client:
        await publish(deck, QUOTES, 1, 2, 3)
        await client.until(lambda: len(client.seen.events) == 3)
    assert client.seen.controls[:3] == ["session_opened", "subscribed", "subscribed"]
    assert client.seen.faults == []


async def test_a_heartbeat_comes_with_the_cursors(deck):
    async with Client(deck, "quotes/*") as client:
        await publish(deck, QUOTES, 1, 2)
        await client.until(lambda: client.seen.heartbeats)
    assert client.seen.heartbeats[0] == {QUOTES: (1, 2)}


async def test_a_reader_that_comes_back_misses_nothing_and_gets_nothing_twice(deck):
    async with Client(deck, QUOTES) as client:
        await publish(deck, QUOTES, 1, 2)
        await client.until(lambda: len(client.seen.events) == 2)
    await publish(deck, QUOTES, *range(3, 50))
    async with Client(deck, QUOTES, seen=client.seen) as again:
        await publish(deck, QUOTES, 50)
        await again.until(lambda: len(again.seen.events) == 50)
    assert (again.seen.sequences(QUOTES), again.seen.faults) == ([*range(1, 51)], [])


async def test_a_durable_topic_resumes_from_the_trading_log(deck):
    for number in range(5):
        deck.fills.message(FILLS, f"t{number}")
    client = Client(deck, "fills/*")
    client.seen.positions[FILLS] = (5, 2)
    async with client:
        await client.until(lambda: len(client.seen.events) == 3)
        await deck.bus.publish([deck.fills.message(FILLS, "live")])
        await client.until(lambda: len(client.seen.events) == 4)
    assert (client.seen.sequences(FILLS), client.seen.faults) == ([3, 4, 5, 6], [])


async def test_a_fill_that_the_bus_lost_is_read_from_the_trading_log(deck):
    async with Client(deck, "fills/*") as client:
        await deck.bus.publish([deck.fills.message(FILLS, "a")])
        deck.fills.message(FILLS, "lost")
        await deck.bus.publish([deck.fills.message(FILLS, "c")])
        await client.until(lambda: len(client.seen.events) == 3)
    assert (client.seen.gaps, client.seen.faults) == ([], [])


async def test_a_resume_that_needs_an_absent_log_ends_resumable(deck, monkeypatch):
    monkeypatch.setattr("quarterdeck_server.stream.filling.PATIENCE_S", 0.2)
    deck.fills.is_away = True
    client = Client(deck, FILLS)
    client.seen.positions[FILLS] = (5, 2)
    async with client:
        error = await client.ended()
    assert info(error).reason == "DEPENDENCY_UNAVAILABLE"
    assert client.last_error.resumable


async def test_unknown_kinds_and_malformed_topics_are_refused(deck):
    for topic in ("qotes/AAPL.XNAS", "quotes", "quotes//x", "quotes/A%20B", "*"):
        error = info(await refused(deck, subscription(QUOTES), subscription(topic)))
        assert (error.reason, error.metadata["field"]) == (
            "TOPIC_INVALID",
            "subscriptions[1].topic",
        )


async def test_what_a_pattern_may_not_exclude_is_refused(deck):
    for topic, excluded, field in (
        (QUOTES, "quotes/A*", "exclude"),
        ("quotes/*", "fills/A/*", "exclude[0]"),
    ):
        error = info(await refused(deck, subscription(topic, exclude=[excluded])))
        assert error.metadata["field"] == f"subscriptions[0].{field}"


async def test_a_pattern_delivers_what_it_names_and_does_not_exclude(deck):
    wanted = subscription("quotes/*.XN*", exclude=["quotes/IBM.*"])
    request = pb.WatchRequest(subscriptions=[wanted])
    call = deck.stub().Watch(request, metadata=bearer("ada"))
    await call.read()
    for topic in ("quotes/IBM.XNYS", "quotes/VOD.XLON", QUOTES):
        await publish(deck, topic, 1)
    frame = await call.read()
    assert [event.topic for event in frame.events] == [QUOTES]
    call.cancel()


async def test_too_many_topics_are_refused_before_they_are_looked_at(deck):
    wanted = [subscription(f"quotes/{number}") for number in range(1_001)]
    error = await refused(deck, *wanted)
    assert info(error).reason == "LIMIT_EXCEEDED"
    assert error.details() == "subscriptions: subscriptions per stream are limited to 1000"
    wanted = [subscription(f"quotes/{number}") for number in range(100_000)]
    refusal = info(await refused(deck, *wanted))
    assert (refusal.reason, refusal.metadata["field"]) == ("FIELD_INVALID", "subscriptions")


async def test_who_opens_in_a_loop_is_told_when_to_come_back():
    settings = Settings(stream=StreamSettings(opens_per_minute=2))
    async with served(LocalBus(), settings) as deck:
        for _ in range(2):
            async with Client(deck, QUOTES):
                pass
        error = await refused(deck, subscription(QUOTES))
        assert info(error) == ErrorInfo(
            reason="LIMIT_EXCEEDED",
            domain="quarterdeck",
            metadata={"subject": "streams opened within a minute", "limit": "2"},
        )
        retry = RetryInfo()
        details = rpc_status.from_call(error).details
        assert any(detail.Unpack(retry) for detail in details)
        assert 29 <= retry.retry_delay.seconds <= 30


async def test_cursors_of_other_topics_and_of_the_future_are_refused(deck):
    await publish(deck, QUOTES, 1)
    other = {"topic": "quotes/MSFT.XNAS", "epoch": 1, "sequence": 1}
    future = {"topic": QUOTES, "epoch": 1, "sequence": 9}
    for cursor in (other, future):
        error = info(await refused(deck, subscription(QUOTES, cursors=[cursor])))
        assert error.reason == "CURSOR_INVALID"
        assert error.metadata["field"] == "subscriptions[0].cursors[0]"


async def test_a_durable_cursor_beyond_the_log_is_refused(deck):
    cursor = {"topic": FILLS, "epoch": 5, "sequence": 9}
    error = info(await refused(deck, subscription(FILLS, cursors=[cursor])))
    assert (error.reason, error.metadata["field"]) == (
        "CURSOR_INVALID",
        "subscriptions[0].cursors[0]",
    )


async def test_a_rate_is_for_latest_only(deck):
    error = info(await refused(deck, subscription(QUOTES, delivery="DELIVERY_ALL", max_rate=5)))
    assert (error.reason, error.metadata["field"]) == (
        "FIELD_INVALID",
        "subscriptions[0].max_rate",
    )


async def test_a_topic_needs_its_permission(deck):
    error = info(await refused(deck, subscription("fills/*"), token="eve"))
    assert (error.reason, error.metadata["permission"]) == ("PERMISSION_MISSING", "TRADING_READ")


async def test_a_foreign_account_is_refused_by_name(deck):
    for topic in ("fills/SIM-002/ema", "fills/SIM-002/*", "pnl/SIM-002"):
        error = info(await refused(deck, subscription(topic), token="ada@SIM-001"))
        assert (error.reason, error.metadata["field"]) == (
            "SCOPE_FORBIDDEN",
            "subscriptions[0].topic",
        )


async def test_a_prefix_delivers_what_the_scope_allows(deck):
    async with Client(deck, "fills/*", token="ada@SIM-001") as client:
        await publish(deck, "fills/SIM-002/ema", 1)
        await publish(deck, FILLS, 1)
        await client.until(lambda: client.seen.events)
    assert client.seen.events == [(FILLS, 1)]


async def test_nodes_are_told_to_who_may_see_every_account(deck):
    """A node trades for several accounts, and its state tells of their positions."""
    error = info(await refused(deck, subscription("nodes/one"), token="ada@SIM-001"))
    assert error.reason == "SCOPE_FORBIDDEN"
    async with Client(deck, "nodes/*", "fills/*", token="ada@SIM-001") as client:
        await publish(deck, "nodes/one", 1)
        await publish(deck, FILLS, 1)
        await client.until(lambda: client.seen.events)
    assert client.seen.events == [(FILLS, 1)]


async def test_too_many_streams_and_subscriptions_are_refused(deck):
    settings = deck.live
    assert settings is not None
    many = [subscription(f"quotes/S{number}.X") for number in range(1_001)]
    error = info(await refused(deck, *many))
    assert (error.reason, error.metadata["limit"]) == ("LIMIT_EXCEEDED", "1000")


async def test_an_expired_token_ends_the_stream_in_words_and_status(deck):
    async with Client(deck, QUOTES, token="ada!0.3") as client:
        error = await client.ended()
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert info(error).reason == "TOKEN_EXPIRED"
    assert client.seen.controls[-1] == "error"


async def test_a_renewed_token_keeps_the_stream_open(deck):
    async with Client(deck, QUOTES, token="ada!0.5") as client:
        request = pb.UpdateSubscriptionRequest(session_id=client.session)
        answer = await deck.stub().UpdateSubscription(request, metadata=bearer("ada!100"))
        await asyncio.sleep(0.7)  # what the first token lives, and a little more
        await publish(deck, QUOTES, 1)
        await client.until(lambda: client.seen.events)
    assert list(answer.topics) == [QUOTES]


async def test_a_revoked_token_ends_the_stream_within_five_seconds(deck):
    async with Client(deck, QUOTES) as client:
        deck.tokens.revocations.add("principals/ada")
        async with asyncio.timeout(5):
            error = await client.ended()
    assert info(error).reason == "TOKEN_REVOKED"


async def test_subscriptions_change_while_the_stream_lives(deck):
    await publish(deck, "trades/AAPL.XNAS", 7)
    async with Client(deck, QUOTES) as client:
        await publish(deck, QUOTES, 1)
        request = pb.UpdateSubscriptionRequest(
            session_id=client.session, add=[subscription("trades/*")], remove=[QUOTES]
        )
        answer = await deck.stub().UpdateSubscription(request, metadata=bearer("ada"))
        await publish(deck, QUOTES, 2)
        await publish(deck, "trades/AAPL.XNAS", 8)
        await client.until(lambda: client.seen.sequences("trades/AAPL.XNAS") == [7, 8])
    assert list(answer.topics) == ["trades/*"]
    assert client.seen.sequences(QUOTES) == [1]
    assert "unsubscribed" in client.seen.controls


async def test_a_session_of_somebody_else_is_not_found(deck):
    async with Client(deck, QUOTES) as client:
        request = pb.UpdateSubscriptionRequest(session_id=client.session)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await deck.stub().UpdateSubscription(request, metadata=bearer("bob"))
    assert info(caught.value).reason == "RESOURCE_NOT_FOUND"


async def test_a_stopping_service_says_so_and_can_be_resumed_from(deck):
    async with Client(deck, QUOTES) as client:
        deck.live.drain()
        error = await client.ended()
    assert info(error).reason == "SHUTTING_DOWN"
    assert client.last_error.resumable


async def test_a_snapshot_has_the_newest_event_of_each_topic(deck):
    async with Client(deck, "quotes/*") as client:
        await publish(deck, QUOTES, 1, 2)
        await publish(deck, "quotes/MSFT.XNAS", 5)
        await client.until(lambda: len(client.seen.events) == 3)
    request = pb.GetSnapshotRequest(topics=["quotes/*", QUOTES])
    answer = await deck.stub().GetSnapshot(request, metadata=bearer("ada"))
    assert [(event.topic, event.sequence) for event in answer.events] == [
        (QUOTES, 2),
        ("quotes/MSFT.XNAS", 5),
    ]


async def test_topics_are_listed_by_page_as_far_as_the_caller_may_read(deck):
    async with Client(deck, "quotes/*") as client:
        await publish(deck, "fills/SIM-002/ema", 1)
        for number in range(5):
            await publish(deck, f"quotes/S{number}.X", 1)
        await client.until(lambda: len(client.seen.events) == 5)
    names, token = [], ""
    while True:
        request = pb.ListTopicsRequest(page_size=2, page_token=token)
        answer = await deck.stub().ListTopics(request, metadata=bearer("ada@SIM-001"))
        names += [one.topic for one in answer.topics]
        token = answer.next_page_token
        if not token:
            break
    assert names == [f"quotes/S{number}.X" for number in range(5)]
