"""Recorded market data as a stream: real history, merged, paced, with its holes."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import grpc
import pytest
from tests.instruments import upsert
from tests.integration.areas import Deck, bearer, info, served
from tests.integration.marketdata.conftest import AnyToken
from tests.integration.marketdata.requests import START_NS, bars, quotes, trades, until

from quarterdeck import AsyncClient, Event, Heartbeat
from quarterdeck.api.marketdata.v1.history_service_pb2 import ListBarsRequest, ListTradesRequest
from quarterdeck.api.marketdata.v1.history_service_pb2_grpc import HistoryServiceStub
from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishRequest
from quarterdeck.api.marketdata.v1.ingest_service_pb2_grpc import IngestServiceStub
from quarterdeck.api.marketdata.v1.instrument_service_pb2_grpc import InstrumentServiceStub
from quarterdeck.api.stream.v1 import stream_service_pb2 as pb
from quarterdeck.api.stream.v1.stream_service_pb2_grpc import StreamServiceStub
from quarterdeck.api.type.v1.error_reason_pb2 import ErrorReason
from quarterdeck_server.marketdata import wiring as marketdata
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.runtime.convert import timestamp_to
from quarterdeck_server.settings import Settings
from quarterdeck_server.stream import wiring as stream

QUOTES, TRADES, BARS = "quotes/AAPL.XNAS", "trades/AAPL.XNAS", "bars/1d/AAPL.XNAS"
ADA = bearer("ada")
S = 10**9


def market(settings, shared):
    return marketdata.open(settings, shared, ())


@pytest.fixture
async def deck(store, local_bus: LocalBus, monkeypatch) -> AsyncIterator[Deck]:
    """Both areas, with quotes, trades and bars of a few seconds in history."""
    monkeypatch.setattr("tests.integration.areas.verifier", verifier)
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(
            served([market, stream.open], Settings(), store, local_bus)
        )
        await fill(opened)
        yield opened


class verifier:  # noqa: N801 - stands where a function does
    """Takes every token."""

    def __init__(self, *_: object) -> None:
        self._tokens = AnyToken()

    async def __aenter__(self) -> AnyToken:
        return self._tokens

    async def __aexit__(self, *_: object) -> None:
        pass


async def fill(deck: Deck) -> None:
    """Publish quotes at 0, 1, 2, 3 s, trades between them, two bars."""
    await InstrumentServiceStub(deck.channel).UpsertInstrument(upsert(), metadata=ADA)
    request = PublishRequest(
        quotes=[quotes([0, 1 * S, 2 * S, 3 * S])],
        trades=[trades([S // 2, S // 2 + 1, 2 * S + 1])],
        bars=[bars([0, 3 * S])],
    )
    await IngestServiceStub(deck.channel).Publish(request, metadata=ADA)
    history = HistoryServiceStub(deck.channel)
    asked = ListTradesRequest(instrument="AAPL.XNAS")
    await until(lambda: history.ListTrades(asked, metadata=ADA), lambda a: len(a.trades.price) == 3)
    days = ListBarsRequest(instrument="AAPL.XNAS", interval="1d")
    await until(lambda: history.ListBars(days, metadata=ADA), lambda a: len(a.bars.open) == 2)


def request(*topics: str, start: int = 0, end: int | None = None, speed: float = 0.0):
    asked = pb.ReplayRequest(topics=topics, start_time=timestamp_to(START_NS + start), speed=speed)
    if end is not None:
        asked.end_time.CopyFrom(timestamp_to(START_NS + end))
    return asked


async def play(deck: Deck, *topics: str, **window: object):
    """Return the events and controls of a replay."""
    call = StreamServiceStub(deck.channel).Replay(request(*topics, **window), metadata=ADA)
    events, controls = [], []
    async for answer in call:
        events += answer.events
        controls += answer.controls
    assert await call.code() is grpc.StatusCode.OK
    return events, controls


async def refused(deck: Deck, *topics: str, **window: object):
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await play(deck, *topics, **window)
    return info(error.value)


async def test_topics_are_merged_by_event_time_with_their_own_numbers(deck):
    events, controls = await play(deck, QUOTES, TRADES, BARS)
    shown = [(e.topic.partition("/")[0], e.sequence, e.rows) for e in events]
    assert sorted(shown[:2]) == [("bars", 1, 1), ("quotes", 1, 1)]
    assert shown[2:5] == [("trades", 1, 2), ("quotes", 2, 2), ("trades", 3, 1)]
    assert sorted(shown[5:]) == [("bars", 2, 1), ("quotes", 4, 1)]
    assert [c.WhichOneof("message") for c in controls] == [
        "session_opened",
        *3 * ["subscribed"],
        "heartbeat",
    ]
    assert controls[-1].heartbeat.server_time_ns == START_NS + 3 * S
    assert {e.epoch for e in events if e.topic == QUOTES} != {0}
    events, _ = await play(deck, QUOTES, start=S, end=3 * S)
    assert [(e.sequence, e.rows) for e in events] == [(2, 2)]
    assert list(events[0].quotes.bid_price) == [10_000 + S, 10_000 + 2 * S]


async def test_the_sdk_plays_events_as_far_apart_as_the_speed_says(deck):
    begin = time.monotonic()
    start = datetime.fromtimestamp(START_NS / S, UTC)
    async with AsyncClient(deck.shared.peers.here, token="ada") as client:
        items = [item async for item in client.replay(QUOTES, start_time=start, speed=10.0)]
    assert 0.28 < time.monotonic() - begin < 3.0
    assert [item.sequence for item in items if isinstance(item, Event)] == [1, 2, 3, 4]
    assert isinstance(items[-1], Heartbeat)


async def test_what_history_lacks_is_announced_where_it_is_missing(deck):
    await deck.shared.postgres.execute(
        """INSERT INTO marketdata.hole
             (topic, epoch, first_sequence, last_sequence, first_event_time_ns, last_event_time_ns)
           VALUES ($1, 7, 3, 9, $2, $3)""",
        QUOTES,
        START_NS + S + 1,
        START_NS + S + 2,
    )
    call = StreamServiceStub(deck.channel).Replay(request(QUOTES), metadata=ADA)
    found = [answer async for answer in call]
    gap = next(c.gap for one in found for c in one.controls if c.HasField("gap"))
    assert (gap.epoch, gap.first_lost_sequence, gap.last_lost_sequence) == (7, 3, 9)
    _, controls = await play(deck, QUOTES, start=2 * S)
    assert not any(c.HasField("gap") for c in controls)


async def test_what_cannot_be_played_is_refused_by_name(deck):
    for topics, window, reason, field in (
        ([QUOTES], {"start": S, "end": 0}, "FIELD_INVALID", "end_time"),
        ([QUOTES, "quotes/*"], {}, "TOPIC_INVALID", "topics[1]"),
        (["notices/deck"], {}, "TOPIC_INVALID", "topics[0]"),
        (["bars/fast/AAPL.XNAS"], {}, "TOPIC_INVALID", "topics[0]"),
        (["quotes/NONE.XNAS"], {}, "INSTRUMENT_NOT_FOUND", None),
    ):
        error = await refused(deck, *topics, **window)
        assert (error.reason, error.metadata.get("field")) == (reason, field)


async def test_more_replays_than_a_principal_may_have_are_refused_until_one_ends(deck):
    stub = StreamServiceStub(deck.channel)
    calls = [stub.Replay(request(QUOTES, speed=0.001), metadata=ADA) for _ in range(10)]
    for call in calls:
        await call.read()
    error = await refused(deck, QUOTES)
    assert (error.reason, error.metadata["subject"]) == ("LIMIT_EXCEEDED", "replays per principal")
    for call in calls:
        call.cancel()
    await until(lambda: played(deck), bool)


async def played(deck: Deck) -> bool:
    try:
        await play(deck, QUOTES)
    except grpc.aio.AioRpcError:
        return False
    return True


async def test_a_replay_that_the_server_ends_says_why_as_its_last_message(deck):
    call = StreamServiceStub(deck.channel).Replay(request(QUOTES, speed=0.001), metadata=ADA)
    found = [await call.read(), await call.read()]
    deck.shared.live.drain()
    while (answer := await call.read()) is not grpc.aio.EOF:
        found.append(answer)
        if answer.controls and answer.controls[-1].HasField("error"):
            break
    error = found[-1].controls[-1].error
    assert ErrorReason.Name(error.reason) == "ERROR_REASON_SHUTTING_DOWN"
    assert await call.code() is grpc.StatusCode.UNAVAILABLE
