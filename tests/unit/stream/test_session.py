"""A session: what it says while it waits for others."""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from tests.unit.stream.deck import Deck, Seen, Stored, every, latest

from quarterdeck.api.stream.v1.stream_service_pb2 import GetSnapshotRequest
from quarterdeck_server.kernel.errors import NotFound, QuarterdeckError, ReaderTooSlow, Unavailable
from quarterdeck_server.runtime.caller import CURRENT, Caller
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.runtime.live import ShuttingDown
from quarterdeck_server.runtime.peers import Peers
from quarterdeck_server.settings import StreamSettings
from quarterdeck_server.stream.claims import Claims
from quarterdeck_server.stream.domain import Cursor, LimitExceeded, Subscription
from quarterdeck_server.stream.engine.plan import BREATH, Plan
from quarterdeck_server.stream.peers import MOST_AT_ONCE, TradingRecords
from quarterdeck_server.stream.servicers.stream import StreamServicer
from quarterdeck_server.stream.session import About, Means, Session, Wish
from quarterdeck_server.stream.sessions import Sessions

FILLS = "fills/SIM-001/ema"
EVERY = frozenset("*")
RIGHTS = frozenset({"MARKETDATA_READ", "TRADING_READ"})
CALLER = Caller("principals/ada", RIGHTS, EVERY, EVERY, "s", "t", 0.0, time.time() + 3600)


def means(deck: Deck, records=None) -> Means:
    return Means(deck.hub, SystemClock(), records)


class Log:
    """A durable log that answers when it is let."""

    def __init__(self, deck: Deck) -> None:
        self.deck = deck
        self.answers = asyncio.Event()

    async def after(self, topic, sequence, until, token):
        await self.answers.wait()
        return Stored(1, 5, (self.deck.message(topic, 4), self.deck.message(topic, 5)))


@asynccontextmanager
async def resuming(deck: Deck, log: Log, seen: Seen):
    """Run a stream that resumes from the durable log."""
    about = About("w1.s", "peer", "agent", 0, 0.01)
    session = Session(about, CALLER, means(deck, log))
    await session.begin(Wish((every(FILLS),), {FILLS: (Cursor(FILLS, 1, 3), "cursors[0]")}), [])
    running = asyncio.create_task(session.run(seen.write))
    try:
        yield session
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(claim) -> None:
    deadline = time.monotonic() + 5
    while not claim():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.001)


async def test_a_stream_beats_while_it_waits_for_the_durable_log():
    deck, seen = Deck(), Seen()
    log = Log(deck)
    async with resuming(deck, log, seen):
        await until(lambda: len(seen.heartbeats) > 2)
        assert seen.events == []
        log.answers.set()
        await until(lambda: seen.sequences(FILLS) == [4, 5])
    assert seen.faults == []


async def test_a_stream_that_waits_for_the_durable_log_can_be_ended():
    deck, seen = Deck(), Seen()
    async with resuming(deck, Log(deck), seen) as session:
        await until(lambda: seen.heartbeats)
        session.end(Unavailable("over"))
        await until(lambda: "error" in seen.controls)


async def test_who_does_not_read_cannot_change_its_subscriptions_for_ever(
    monkeypatch: pytest.MonkeyPatch,
):
    """Each change takes along what waits, which nothing else bounds then."""
    monkeypatch.setattr("quarterdeck_server.stream.session.MOST_WAITING_BYTES", 10_000)
    deck = Deck()
    session = Session(About("w1.s", "", "", 0, 5.0), CALLER, means(deck, Log(deck)))
    await session.begin(Wish((latest("quotes/*"),), {}), [])

    async def change(number: int) -> None:
        deck.publish("quotes/A", number, size=1000)
        await session.change(Wish((every(f"trades/{number}"),), {}), [], CALLER, lambda _: None)

    for number in range(1, 9):
        await change(number)
    with pytest.raises(ReaderTooSlow):
        await asyncio.gather(*map(change, range(9, 100)))
    # A fresh token is taken all the same.
    await session.change(Wish((), {}), [], CALLER, lambda _: None)


async def test_changes_at_once_are_admitted_for_what_they_come_to_together():
    session = Session(About("w1.s", "", "", 0, 5.0), CALLER, means(Deck()))
    await session.begin(Wish((every("quotes/A"),), {}), [])

    def admit(plan: Plan) -> None:
        if len(plan.subscriptions) > 2:
            raise LimitExceeded("subscriptions per stream", 2)

    wishes = [Wish((every(f"trades/{name}"),), {}) for name in "AB"]
    changes = (session.change(wish, [], CALLER, admit) for wish in wishes)
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    assert [type(one) for one in outcomes] == [type(None), LimitExceeded]
    assert list(session.plan.subscriptions) == ["quotes/A", "trades/A"]


async def test_a_stream_with_many_patterns_opens_in_turns_with_others():
    deck, turns = Deck(), 0
    for number in range(400):
        deck.publish(f"quotes/{number}.XNAS", 1)
    session = Session(About("w1.s", "", "", 0, 5.0), CALLER, means(deck))
    patterns = tuple(every(f"quotes/*{number}.XNAS") for number in range(10, 60))
    opening = asyncio.create_task(session.begin(Wish(patterns, {}), []))
    while not opening.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 400 / BREATH
    assert len(session.reader.group.topics) == 4 * len(patterns)


async def test_readers_who_come_at_once_with_the_same_patterns_have_them_compared_once(
    monkeypatch: pytest.MonkeyPatch,
):
    """Readers of a worker that died come to another: each comparison may take half a second."""
    compared: list[Plan] = []
    select = Plan._selected

    def counted(plan: Plan, topic: str) -> Subscription | None:
        compared.append(plan)
        return select(plan, topic)

    monkeypatch.setattr(Plan, "_selected", counted)
    deck = Deck()
    for number in range(3 * BREATH):
        deck.publish(f"quotes/{number}.XNAS", 1)
    shared = means(deck)
    sessions = [Session(About(f"w1.{n}", "", "", 0, 5.0), CALLER, shared) for n in range(10)]
    wish = Wish((latest("quotes/*1.XNAS"),), {})
    await asyncio.gather(*(session.begin(wish, []) for session in sessions))
    assert len(set(map(id, compared))) == 1
    assert len(deck.hub.index) == 1


async def test_a_stream_whose_reader_left_amid_a_change_is_attached_to_nothing():
    """Else its group took every event for ever, for nobody."""
    deck = Deck()
    for number in range(3 * BREATH):
        deck.publish(f"quotes/{number}.XNAS", 1)
    session = Session(About("w1.s", "", "", 0, 5.0), CALLER, means(deck))
    await session.begin(Wish((latest("trades/A"),), {}), [])
    running = asyncio.create_task(session.run(Seen().write))
    await asyncio.sleep(0)
    change = asyncio.create_task(
        session.change(Wish((latest("quotes/*1.XNAS"),), {}), [], CALLER, lambda _: None)
    )
    await asyncio.sleep(0)
    running.cancel()
    outcomes = await asyncio.gather(running, change, return_exceptions=True)
    assert [type(one) for one in outcomes] == [asyncio.CancelledError, NotFound]
    assert len(deck.hub.index) == 0


async def test_a_stream_that_opens_while_the_process_begins_to_stop_is_refused():
    """Else nobody would end it: those that were open were told already."""
    gate = SimpleNamespace(draining=asyncio.Event(), verdict=lambda _: None)
    sessions = Sessions(Deck().hub, SystemClock(), Log(Deck()), gate, StreamSettings())

    async def stop_meanwhile(_: int) -> int:
        gate.draining.set()
        return 0

    sessions.elsewhere = stop_meanwhile
    with pytest.raises(ShuttingDown):
        async with sessions.opened(CALLER, "", "", 5.0):
            pass


async def test_a_cursor_of_nowhere_is_refused_once_its_topic_is_known():
    """Else its reader would take every event for one that it has, and be connected and mute."""
    deck, quotes = Deck(), "quotes/AAPL.XNAS"
    claims = Claims(deck.hub)
    claims.add({quotes: (Cursor(quotes, 1, 10**9), "subscriptions[0].cursors[0]")})
    assert claims.refuted(1.0) is None
    deck.publish(quotes, 5)
    assert claims.refuted(100.0) is None  # it may be of a worker that is ahead
    assert "subscriptions[0].cursors[0] must not" in str(claims.refuted(111.0))


async def test_a_cursor_that_its_topic_reaches_is_right():
    deck, quotes = Deck(), "quotes/AAPL.XNAS"
    claims = Claims(deck.hub)
    claims.add({quotes: (Cursor(quotes, 1, 6), "cursors[0]")})
    deck.publish(quotes, 5)
    assert claims.refuted(1.0) is None
    deck.publish(quotes, 6)
    assert [claims.refuted(now) for now in (5.0, 20.0)] == [None, None]


@pytest.mark.parametrize(
    ("is_held", "reason"), [(True, "DEPENDENCY_UNAVAILABLE"), (False, "CURSOR_INVALID")]
)
async def test_who_is_ahead_of_a_worker_that_repairs_a_loss_is_to_come_again(
    is_held: bool, reason: str, monkeypatch: pytest.MonkeyPatch
):
    """Its cursor is right: to give it up would cost events that are stored."""
    monkeypatch.setattr("quarterdeck_server.stream.servicers.stream.LAG_S", 0.0)
    deck = Deck()
    deck.reader(FILLS)
    deck.publish(FILLS, 1)
    if is_held:
        deck.publish(FILLS, 3)
    servicer = StreamServicer(deck.hub, *5 * [None])
    with pytest.raises(QuarterdeckError) as refusal:
        await servicer._check_not_ahead({FILLS: (Cursor(FILLS, 1, 3), "cursors[0]")})
    assert refusal.value.reason == reason


async def test_a_snapshot_asks_for_no_more_patterns_than_a_stream():
    """Each is compared with every topic of its kind, while nobody else has a turn."""
    servicer = StreamServicer(Deck().hub, *4 * [None], StreamSettings())
    request = GetSnapshotRequest(topics=[f"quotes/*{number}*" for number in range(1_000)])
    reset = CURRENT.set(CALLER)
    with pytest.raises(LimitExceeded, match="patterns"):
        await servicer.GetSnapshot(request, None)
    CURRENT.reset(reset)


def test_who_calls_can_be_logged_without_the_token():
    assert "t-secret" not in repr(replace(CALLER, token="t-secret"))


async def test_who_waits_behind_reads_that_hang_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("quarterdeck_server.stream.peers.TIMEOUT_S", 0.01)
    records = TradingRecords(Peers.__new__(Peers))
    for _ in range(MOST_AT_ONCE):
        await records._turn.acquire()
    async with asyncio.timeout(5):
        with pytest.raises(Unavailable, match="cannot be read now"):
            await records.after(FILLS, 3, None, "t")
