"""The trading log as a stream: every event once, in order, from wherever a reader was."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import pytest
from tests.integration.trading import events
from tests.integration.trading.conftest import Client, Deck, Open
from tests.integration.trading.waiting import refusal

from quarterdeck.api.trading.v1 import trading_event_service_pb2 as pb
from quarterdeck.api.trading.v1.trading_event_pb2 import LogCursor, LoggedEvent
from quarterdeck_server.runtime.caller import CURRENT, Caller
from quarterdeck_server.runtime.streaming import Streaming
from quarterdeck_server.trading import log_readers, tail
from quarterdeck_server.trading.domain.view import View
from quarterdeck_server.trading.log_readers import Wish

EVERY = frozenset("*")
EVERYTHING = View("", "", EVERY, EVERY)
SOMEBODY = Caller("principals/ada", EVERY, EVERY, EVERY, "s", "ada", 0.0, 2.0**40)


async def answers(client: Client, **wish) -> AsyncIterator[pb.WatchTradingResponse]:
    call = client.events.WatchTrading(pb.WatchTradingRequest(**wish))
    try:
        async for answer in call:
            yield answer
    finally:
        call.cancel()


async def first(client: Client, count: int, **wish) -> Sequence[LoggedEvent]:
    found: list[LoggedEvent] = []
    async with asyncio.timeout(10), aclosing(answers(client, **wish)) as stream:
        async for answer in stream:
            found += answer.events
            if len(found) >= count:
                return found
    raise AssertionError("the stream ended")


def numbers(found: Sequence[LoggedEvent]) -> list[str]:
    return [one.event.event_id for one in found]


async def test_history_and_what_is_recorded_meanwhile_come_once_and_in_order(
    deck: Deck, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever falls behind what is kept reads the database again, without a seam."""
    monkeypatch.setattr(tail, "MOST_KEPT", 6)
    monkeypatch.setattr(tail, "PAGE", 4)
    monkeypatch.setattr(log_readers, "PAGE", 2)
    monkeypatch.setattr(log_readers, "SPAN", 3)
    batches = [[events.fill() for _ in range(5)] for _ in range(12)]
    for batch in batches[:4]:
        await ada.events.RecordEvents(events.batch(*batch))
    reading = [asyncio.create_task(first(ada, 60)) for _ in range(3)]
    for batch in batches[4:]:
        await ada.events.RecordEvents(events.batch(*batch))
    sent = [event.event_id for batch in batches for event in batch]
    for found in await asyncio.gather(*reading):
        assert numbers(found) == sent
        assert {one.node for one in found} == {"nodes/demo"}
        assert all(one.record_time.seconds and one.event.fill.trade_id for one in found)


async def test_a_reader_gets_what_it_asked_for_and_may_see(deck: Deck, ada: Client) -> None:
    wanted = events.fill()
    other = events.fill(strategy="Ema-002", client_order_id="O-2")
    foreign = events.fill(account="SIM-002")
    last = events.account_state()
    await ada.events.RecordEvents(events.batch(foreign, wanted, other, last))
    assert numbers(await first(ada, 3, account="SIM-001")) == [
        one.event_id for one in (wanted, other, last)
    ]
    assert numbers(await first(ada, 2, strategy="Ema-001")) == [
        one.event_id for one in (foreign, wanted)
    ]
    scoped = await deck.client("ada@SIM-002")
    assert numbers(await first(scoped, 1)) == [foreign.event_id]
    _, info = await refusal(aiter(answers(scoped, account="SIM-001")).__anext__())
    assert (info.reason, info.metadata["field"]) == ("SCOPE_FORBIDDEN", "account")


async def test_a_stream_goes_on_from_any_cursor_of_this_log_alone(ada: Client) -> None:
    sent = [events.fill() for _ in range(3)]
    await ada.events.RecordEvents(events.batch(*sent))
    opened = await anext(answers(ada))
    assert opened.cursor.position == 0
    assert opened.newest_position == 3
    assert opened.heartbeat_interval.seconds == 5
    epoch = opened.cursor.epoch
    after_one = LogCursor(epoch=epoch, position=1)
    assert numbers(await first(ada, 2, cursor=after_one)) == [one.event_id for one in sent[1:]]
    live = await anext(answers(ada, live_only=True))
    assert live.cursor.position == 3
    refused = {
        "cursor.epoch": {"cursor": LogCursor(epoch=epoch + 1, position=1)},
        "cursor.position": {"cursor": LogCursor(epoch=epoch, position=4)},
        "live_only": {"cursor": after_one, "live_only": True},
    }
    for field, wish in refused.items():
        _, info = await refusal(anext(answers(ada, **wish)))
        assert info.metadata["field"] == field


async def test_a_heartbeat_tells_where_the_log_and_the_reader_are(deck: Deck, ada: Client) -> None:
    await ada.events.RecordEvents(events.batch(events.fill(account="SIM-002")))
    view = View("SIM-001", "", EVERY, EVERY)
    reader = await deck.area.log_readers.reader(Wish(view, heartbeat_s=0.05))
    async with aclosing(reader.answers()) as frames:
        await anext(frames)
        beat = pb.WatchTradingResponse.FromString(await anext(frames))
    assert not beat.events
    assert (beat.cursor.position, beat.newest_position) == (1, 1)


async def test_a_stream_says_as_its_last_message_that_the_service_stops(open_deck: Open) -> None:
    async with open_deck() as deck:
        ada = await deck.client()
        stream = answers(ada)
        await anext(stream)
        deck.shared.live.drain()
        last = await anext(stream)
        assert last.error.code == 14
        assert last.cursor.epoch
        _, info = await refusal(anext(stream))
        assert info.reason == "SHUTTING_DOWN"


async def test_a_reader_that_takes_nothing_is_cut_with_its_cursor(deck: Deck, ada: Client) -> None:
    """It is told why when it comes back to read, and only dropped if it never does."""
    await ada.events.RecordEvents(events.batch(*(events.fill() for _ in range(3))))
    written: list[pb.WatchTradingResponse] = []
    comes_back = asyncio.Event()

    class Context:
        async def write(self, answer: bytes) -> None:
            written.append(pb.WatchTradingResponse.FromString(answer))
            if written[-1].events:
                asyncio.get_running_loop().call_later(0.1, comes_back.set)
                await comes_back.wait()

    reader = await deck.area.log_readers.reader(Wish(EVERYTHING))
    CURRENT.set(SOMEBODY)
    streaming = Streaming(deck.shared.live, patience_s=0.05)
    with pytest.raises(Exception, match="fell too far behind"):
        await streaming.run(Context(), reader.answers(), reader.ended)  # type: ignore[arg-type]
    assert written[-1].cursor.position == 3
    assert written[-1].error.code == 8
