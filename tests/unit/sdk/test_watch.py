"""A watch yields every event once and in order, whatever happens to the connection."""

import asyncio

import pytest
from google.rpc import code_pb2
from tests.unit.sdk.deck import TOPIC, Deck, answer, beat, event, failure, opened
from tests.unit.sdk.scripts import script

from quarterdeck import (
    AsyncClient,
    AsyncWatch,
    Disconnected,
    Event,
    Gap,
    Heartbeat,
    InvalidRequest,
    LinkState,
    NotAuthenticated,
    RateLimited,
    Reconnected,
    SessionOpened,
    UnannouncedGap,
    Unavailable,
)
from quarterdeck.api.stream.v1.control_pb2 import Control, StreamError
from quarterdeck.api.type.v1.error_reason_pb2 import ERROR_REASON_READER_TOO_SLOW

LIMIT = 10.0


async def sequences(watch: AsyncWatch, count: int) -> list[int]:
    async with asyncio.timeout(LIMIT):
        return [(await anext(watch.events())).sequence for _ in range(count)]


async def first[T](watch: AsyncWatch, kind: type[T]) -> T:
    async with asyncio.timeout(LIMIT):
        async for item in watch:
            if isinstance(item, kind):
                return item
    raise AssertionError


async def test_events_come_in_order_and_typed(deck: Deck, client: AsyncClient) -> None:
    deck.streams.publish("one", "two")
    async with client.watch(TOPIC) as watch:
        event = await first(watch, Event)
        assert (event.kind, event.sequence, event.payload.text) == ("notices", 1, "one")
        assert await sequences(watch, 1) == [2]


async def test_a_killed_server_costs_no_event_and_repeats_none(
    deck: Deck, client: AsyncClient
) -> None:
    deck.streams.publish("one", "two")
    async with client.watch(TOPIC) as watch:
        assert await sequences(watch, 2) == [1, 2]
        await deck.kill()
        deck.streams.publish("three", "four")
        await deck.start()
        assert await sequences(watch, 2) == [3, 4]
        cursor = deck.streams.requests[-1].subscriptions[0].cursors[0]
        assert (cursor.topic, cursor.epoch, cursor.sequence) == (TOPIC, 7, 2)


async def test_the_reader_is_told_of_a_broken_connection(deck: Deck, client: AsyncClient) -> None:
    async with client.watch(TOPIC) as watch:
        await first(watch, SessionOpened)
        await deck.kill()
        lost = await first(watch, Disconnected)
        assert isinstance(lost.error, Unavailable)
        await deck.start()
        await first(watch, SessionOpened)


@pytest.mark.parametrize(
    "code", [code_pb2.UNAVAILABLE, code_pb2.INTERNAL, code_pb2.UNKNOWN, code_pb2.OK]
)
async def test_a_stream_that_a_proxy_ends_is_resumed(
    deck: Deck, client: AsyncClient, code: int
) -> None:
    """OK stands for a stream that simply ends."""
    status = failure(code, "Stream removed") if code else None
    deck.streams.publish("one", "two")
    deck.streams.scripts.append(script(opened(), answer(event(1)), status=status))
    async with client.watch(TOPIC) as watch:
        assert await sequences(watch, 2) == [1, 2]


async def test_a_reader_that_was_cut_resumes(deck: Deck, client: AsyncClient) -> None:
    slow = StreamError(
        code=code_pb2.RESOURCE_EXHAUSTED, reason=ERROR_REASON_READER_TOO_SLOW, resumable=True
    )
    status = failure(code_pb2.RESOURCE_EXHAUSTED, "too slow", "READER_TOO_SLOW")
    last = answer(event(1), controls=[Control(error=slow)])
    deck.streams.publish("one", "two")
    deck.streams.scripts.append(script(opened(), last, status=status))
    async with client.watch(TOPIC) as watch:
        assert isinstance((await first(watch, Event)), Event)
        assert isinstance((await first(watch, Disconnected)).error, RateLimited)
        assert await sequences(watch, 1) == [2]


async def test_silence_for_two_heartbeats_opens_the_stream_again(
    deck: Deck, client: AsyncClient
) -> None:
    deck.streams.publish("one", "two")
    deck.streams.scripts.append(script(opened(), answer(event(1)), hang=True))
    async with client.watch(TOPIC) as watch:
        assert await sequences(watch, 1) == [1]
        assert "nothing came for 0.4 s" in str((await first(watch, Disconnected)).error)
        assert await sequences(watch, 1) == [2]


async def test_the_link_tells_how_the_stream_stands(deck: Deck, client: AsyncClient) -> None:
    deck.streams.scripts.append(script(opened(), hang=True))
    async with client.watch(TOPIC) as watch:
        assert watch.link.state is LinkState.CONNECTING
        await first(watch, SessionOpened)
        assert watch.link.state is LinkState.CONNECTED
        waiting = asyncio.create_task(first(watch, Disconnected))
        while watch.link.state is LinkState.CONNECTED:  # noqa: ASYNC110 - it only tells
            await asyncio.sleep(0.01)
        assert watch.link.state is LinkState.SILENT
        lost = await waiting
        assert 0.4 <= lost.silent_for < 1.0
        assert watch.link.state is LinkState.RECONNECTING
        again = await first(watch, Reconnected)
        assert again.down_for >= lost.silent_for
        assert again.attempts == 1
    assert watch.link.state is LinkState.CLOSED


async def test_what_is_excluded_is_asked_for_so_again_after_a_reconnection(
    deck: Deck, client: AsyncClient
) -> None:
    async with client.watch("notices/*", "quotes/*", exclude=["notices/b*"]) as watch:
        deck.streams.publish("one")
        await first(watch, Event)
        await deck.kill()
        await deck.start()
        await first(watch, Reconnected)
    for request in deck.streams.requests:
        asked = {one.topic: list(one.exclude) for one in request.subscriptions}
        assert asked == {"notices/*": ["notices/b*"], "quotes/*": []}


def test_what_no_pattern_can_exclude_is_refused(client: AsyncClient) -> None:
    with pytest.raises(InvalidRequest, match="exclude"):
        client.watch("quotes/*", exclude=["fills/*"])


async def test_events_that_come_twice_are_left_out(deck: Deck, client: AsyncClient) -> None:
    answers = answer(event(1), event(2)), answer(event(2), event(3))
    deck.streams.scripts.append(script(opened(), *answers, hang=True))
    async with client.watch(TOPIC) as watch:
        assert await sequences(watch, 3) == [1, 2, 3]
        assert watch.duplicates == 1


async def test_a_hole_that_nobody_announced_is_reported(deck: Deck, client: AsyncClient) -> None:
    deck.streams.scripts.append(script(opened(), answer(event(1), event(4)), hang=True))
    async with client.watch(TOPIC) as watch:
        gap = await first(watch, UnannouncedGap)
        assert (gap.topic, gap.first_lost_sequence, gap.last_lost_sequence) == (TOPIC, 2, 3)
        assert await sequences(watch, 1) == [4]


async def test_a_hole_ends_an_iteration_over_events_alone(deck: Deck, client: AsyncClient) -> None:
    deck.streams.scripts.append(script(opened(), answer(event(1), event(4)), hang=True))
    async with client.watch(TOPIC) as watch:
        with pytest.raises(UnannouncedGap, match="2 to 3 of epoch 7"):
            await sequences(watch, 2)


async def test_an_announced_hole_is_not_reported_twice(deck: Deck, client: AsyncClient) -> None:
    gap = Gap(topic=TOPIC, epoch=7, first_lost_sequence=2, last_lost_sequence=3)
    later = answer(event(4), controls=[Control(gap=gap)])
    deck.streams.scripts.append(script(opened(), answer(event(1)), later, hang=True))
    async with client.watch(TOPIC) as watch:
        assert await sequences(watch, 2) == [1, 4]


async def test_a_cursor_the_deck_cannot_resume_becomes_a_gap(
    deck: Deck, client: AsyncClient
) -> None:
    refused = failure(code_pb2.INVALID_ARGUMENT, "lies in the future", "CURSOR_INVALID")
    deck.streams.publish("one")
    deck.streams.scripts += [script(opened(), answer(event(9))), script(status=refused)]
    async with client.watch(TOPIC) as watch:
        assert await sequences(watch, 1) == [9]
        assert (await first(watch, Gap)).topic == TOPIC
        assert await sequences(watch, 1) == [1]


async def test_a_token_is_renewed_under_a_live_stream(deck: Deck, client: AsyncClient) -> None:
    deck.auth.lifetime = 1.0
    async with client.watch(TOPIC) as watch:
        async with asyncio.timeout(LIMIT):
            while not deck.streams.updates:
                await first(watch, Heartbeat)
        token, update = deck.streams.updates[0]
        assert update.session_id == "session-1"
        assert token.endswith(".2")
        assert len(deck.streams.requests) == 1


async def test_a_stream_cut_for_its_token_goes_on_with_another(
    deck: Deck, client: AsyncClient
) -> None:
    expired = failure(code_pb2.UNAUTHENTICATED, "expired", "TOKEN_EXPIRED")
    deck.streams.publish("one", "two")
    deck.streams.scripts.append(script(opened(), answer(event(1)), status=expired))
    async with client.watch(TOPIC) as watch:
        assert await sequences(watch, 2) == [1, 2]
    assert deck.auth.issued + deck.auth.refreshed == 2


async def test_a_token_that_cannot_be_renewed_ends_the_stream(deck: Deck) -> None:
    async with AsyncClient(deck.address, token="forged") as client:
        with pytest.raises(NotAuthenticated):
            await anext(client.watch(TOPIC))


async def test_a_bad_topic_ends_the_stream_at_once(deck: Deck, client: AsyncClient) -> None:
    bad = failure(code_pb2.INVALID_ARGUMENT, "no such kind", "TOPIC_INVALID", field="topic")
    deck.streams.scripts.append(script(status=bad))
    with pytest.raises(InvalidRequest, match="no such kind") as raised:
        await anext(client.watch("qotes/X"))
    assert raised.value.reason == "TOPIC_INVALID"


async def test_a_closed_session_is_not_opened_again(deck: Deck, client: AsyncClient) -> None:
    closed = failure(code_pb2.UNAVAILABLE, "maintenance", "SESSION_CLOSED")
    deck.streams.scripts.append(script(opened(), answer(event(1)), status=closed))
    async with client.watch(TOPIC) as watch:
        assert await sequences(watch, 1) == [1]
        with pytest.raises(Unavailable, match="maintenance"):
            await sequences(watch, 1)


async def test_a_read_that_is_given_up_loses_nothing(deck: Deck, client: AsyncClient) -> None:
    async with client.watch(TOPIC) as watch:
        await first(watch, Heartbeat)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(watch.events()), 0.05)
        deck.streams.publish("one")
        assert await sequences(watch, 1) == [1]
        assert len(deck.streams.requests) == 1


async def test_subscriptions_change_under_a_live_stream(deck: Deck, client: AsyncClient) -> None:
    async with client.watch(TOPIC) as watch:
        await first(watch, SessionOpened)
        await watch.subscribe("fills/*")
        await watch.unsubscribe(TOPIC)
        added, removed = (update for _, update in deck.streams.updates)
        assert [s.topic for s in added.add] == ["fills/*"]
        assert list(removed.remove) == [TOPIC]


async def test_a_watch_resumes_from_the_cursors_of_another(deck: Deck, client: AsyncClient) -> None:
    deck.streams.publish("one", "two", "three")
    async with client.watch(TOPIC) as watch:
        await sequences(watch, 3)
        cursors = watch.cursors
    deck.streams.publish("four")
    async with client.watch(TOPIC, cursors=cursors) as watch:
        assert await sequences(watch, 1) == [4]


async def test_a_deck_that_is_not_there_is_said_so_in_time() -> None:
    async with AsyncClient("127.0.0.1:1", token="any", timeout=0.2) as client:
        with pytest.raises(Unavailable):
            await first(client.watch(TOPIC), Event)


async def test_heartbeats_keep_a_quiet_stream_open(deck: Deck, client: AsyncClient) -> None:
    deck.streams.scripts.append(script(opened(), beat(), beat(), beat(), hang=True))
    async with client.watch(TOPIC) as watch:
        for _ in range(3):
            await first(watch, Heartbeat)
        assert len(deck.streams.requests) == 1


async def test_a_topic_that_began_while_the_stream_was_down_is_read_from_its_start(
    deck: Deck, client: AsyncClient
) -> None:
    later = answer(event(3, topic="notices/new"))
    deck.streams.scripts += [
        script(opened(), beat()),
        script(opened(), later, hang=True),
        script(opened(), answer(*(event(i, topic="notices/new") for i in (1, 2, 3))), hang=True),
    ]
    async with client.watch("notices/*") as watch:
        assert await sequences(watch, 3) == [1, 2, 3]
        cursor = deck.streams.requests[2].subscriptions[0].cursors[0]
        assert (cursor.topic, cursor.epoch, cursor.sequence) == ("notices/new", 7, 0)


async def test_a_topic_that_is_older_than_the_stream_starts_with_its_newest_event(
    deck: Deck, client: AsyncClient
) -> None:
    old = answer(event(50), event(51))
    deck.streams.scripts.append(script(opened(), old, hang=True))
    async with client.watch("notices/*") as watch:
        assert await sequences(watch, 2) == [50, 51]
