"""Which topics fall silent, and what people are told of it."""

import asyncio
import http.server
import json
import threading

import pytest
from tests.unit.stream.deck import EVERYTHING, LIMITS, START_NS, Deck

from quarterdeck.api.marketdata.v1.status_pb2 import (
    TRADING_PHASE_CLOSED,
    TRADING_PHASE_HALTED,
    TRADING_PHASE_OPEN,
    InstrumentStatus,
)
from quarterdeck.api.stream.v1.stream_service_pb2 import WatchResponse
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.background import background
from quarterdeck_server.runtime.bus import LocalBus, Message
from quarterdeck_server.stream import mapping
from quarterdeck_server.stream.alerts import MEMORY_S, Alerts
from quarterdeck_server.stream.domain import Stale
from quarterdeck_server.stream.encode import KINDS, WireEncoder
from quarterdeck_server.stream.engine.entry import Mint
from quarterdeck_server.stream.engine.hub import Hub
from quarterdeck_server.stream.engine.outage import Outages
from quarterdeck_server.stream.staleness import Change, Staleness
from quarterdeck_server.stream.webhook import Webhook

QUOTES = "quotes/AAPL.XNAS"
STATUS = "statuses/AAPL.XNAS"


class Exchange(Deck):
    """A deck whose hub understands statuses."""

    def __init__(self) -> None:
        super().__init__()
        self.hub = Hub(Mint(WireEncoder()), LIMITS, KINDS, read_phase=mapping.phase_from)
        self.statuses = 0

    def enter(self, phase: int, since_ns: int | None = None) -> None:
        self.statuses += 1
        since_ns = self.statuses if since_ns is None else since_ns
        status = InstrumentStatus(instrument="AAPL.XNAS", phase=phase, event_time_ns=since_ns)
        payload = status.SerializeToString()
        self.hub.publish(Message(STATUS, 1, self.statuses, 1, START_NS, payload), self.now)

    def at(self, now: float) -> set[str]:
        """Let time pass and return the stale topics."""
        self.now = now
        self.hub.watch_silence(now)
        return {name for name, topic in self.hub.topics.items() if topic.stale}


@pytest.mark.parametrize("phase", [TRADING_PHASE_CLOSED, TRADING_PHASE_HALTED])
def test_silence_is_no_fault_while_the_instrument_does_not_trade(phase):
    deck = Exchange()
    deck.enter(TRADING_PHASE_OPEN)
    deck.publish(QUOTES, 1)
    deck.publish("quotes/IBM.XNYS", 1)
    deck.enter(phase)
    assert deck.at(31.0) == {"quotes/IBM.XNYS"}
    deck.now = 100.0
    deck.enter(TRADING_PHASE_OPEN)
    assert QUOTES not in deck.at(129.0)
    assert QUOTES in deck.at(131.0)


def test_a_phase_that_is_told_again_does_not_begin_anew():
    deck = Exchange()
    deck.enter(TRADING_PHASE_OPEN, since_ns=7)
    deck.publish(QUOTES, 1)
    assert deck.at(31.0) == {QUOTES}
    deck.publish(QUOTES, 2)
    deck.now = 50.0
    deck.enter(TRADING_PHASE_OPEN, since_ns=7)
    assert deck.at(62.0) == {QUOTES}


def test_a_step_of_the_wall_clock_neither_hides_a_silence_nor_makes_one_up():
    deck = Exchange()
    ahead = Message(QUOTES, 1, 1, 1, START_NS + 900 * 10**9, b"")
    deck.hub.publish(ahead, 0.0)
    assert deck.at(29.0) == set()
    assert deck.at(31.0) == {QUOTES}
    deck.hub.publish(Message(QUOTES, 1, 2, 1, START_NS - 900 * 10**9, b""), 32.0)
    assert deck.at(33.0) == set()


def test_a_reader_is_told_for_how_long_and_why():
    deck = Exchange()
    deck.publish(QUOTES, 1)
    deck.at(31.0)
    reader = deck.reader("quotes/*", scope=EVERYTHING)
    taken = [reader.take(31.0, START_NS), reader.take(31.0, START_NS)]
    frames = [WatchResponse.FromString(frame.data) for frame in taken]
    (control,) = [one for frame in frames for one in frame.controls]
    assert control.stale.silent_for.seconds == 31
    assert control.stale.note == "nothing was published"


def test_a_topic_that_never_had_an_event_is_stale_for_who_reads_it_by_name():
    deck = Exchange()
    early = deck.reader(QUOTES, "fills/SIM-001/ema")
    deck.at(0.0)
    assert deck.read(early).controls == []
    deck.at(31.0)
    assert deck.read(early).controls == ["stale"]
    late = deck.reader(QUOTES)
    assert deck.read(late).controls == ["stale"]
    deck.publish(QUOTES, 1)
    assert [deck.read(one).controls for one in (early, late)] == 2 * [["recovered"]]
    assert deck.at(40.0) == set()


def test_a_topic_without_events_of_an_instrument_that_rests_is_not_stale():
    deck = Exchange()
    deck.enter(TRADING_PHASE_CLOSED)
    reader = deck.reader(QUOTES)
    deck.at(0.0)
    deck.at(31.0)
    assert deck.read(reader).controls == []


def stale(*topics: str) -> dict[str, Stale]:
    return {name: Stale(name, 31 * 10**9, "nothing was published") for name in topics}


def test_many_topics_make_one_alert_and_each_outage_is_told_once():
    found = Staleness(pause_s=5.0)
    (first,) = found.look(stale("quotes/A", "quotes/B"), 0.0)
    assert first.text.startswith("2 topics of quotes are silent for 31 s, for example quotes/A")
    assert found.look(stale("quotes/A", "quotes/B"), 1.0) == []
    assert found.look(stale("quotes/A", "quotes/B", "quotes/C"), 2.0) == []
    assert found.look(stale("quotes/A"), 3.0) == []
    (late,) = found.look(stale("quotes/A"), 5.0)
    assert late.change is Change.RECOVERED
    assert [one.topic for one in late.topics] == ["quotes/B"]


class Paper(LocalBus):
    """A bus that writes down where notices go."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = False
        self.appended: list[str] = []

    async def append(self, topic, payload, **fields):
        if self.is_away:
            raise Unavailable("away")
        self.appended.append(topic)
        return await super().append(topic, payload, **fields)


class Clock:
    def __init__(self, deck: Deck) -> None:
        self.deck = deck

    def monotonic(self) -> float:
        return self.deck.now

    def now_ns(self) -> int:
        return START_NS


async def test_of_several_workers_one_tells_and_who_takes_over_forgets_nothing():
    deck, bus, speaker = Exchange(), Paper(), "a"
    workers = {
        name: Alerts(
            deck.hub, bus, Clock(deck), lambda name=name: speaker == name, Staleness(0.0), None
        )
        for name in ("a", "b")
    }
    deck.publish(QUOTES, 1)
    deck.at(31.0)
    for worker in workers.values():
        await worker.look()
    assert len(bus.appended) == 1
    deck.now += MEMORY_S + 1
    deck.publish(QUOTES, 2)
    speaker = "nobody"
    for worker in workers.values():
        await worker.look()
    speaker = "b"
    for worker in workers.values():
        await worker.look()
    assert len(bus.appended) == 2


async def test_a_notice_waits_while_the_bus_is_away():
    deck, bus = Exchange(), Paper()
    alerts = Alerts(deck.hub, bus, Clock(deck), lambda: True, Staleness(0.0), None)
    deck.publish(QUOTES, 1)
    deck.at(31.0)
    bus.is_away = True
    await alerts.look()
    assert bus.appended == []
    bus.is_away = False
    await alerts.look()
    assert bus.appended == ["notices/staleness"]


async def test_a_notice_for_all_names_no_account_or_node():
    deck, bus = Exchange(), Paper()
    alerts = Alerts(deck.hub, bus, Clock(deck), lambda: True, Staleness(0.0), None)
    for name in ("orders/SECRET-1/ema", "orders/SECRET-2/ema", "nodes/SECRET-3", QUOTES):
        deck.publish(name, 1)
    Outages(deck.hub).begin(0, lambda _: True, 1.0)
    async with bus.subscribe([]) as batches:
        await alerts.look()
        texts = b" ".join(message.payload for message in (await anext(batches)).messages)
    assert b"2 topics of orders are" in texts
    assert b"a topic of nodes is" in texts
    assert QUOTES.encode() in texts
    assert b"SECRET" not in texts


class Receiver(http.server.BaseHTTPRequestHandler):
    """Refuses the first post and takes the second."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.bodies.append(body)
        self.send_response(204 if len(self.server.bodies) > 1 else 503)
        self.end_headers()
        if len(self.server.bodies) > 1:
            self.server.got_it.set()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver():
    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    server.bodies, server.got_it = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


async def test_an_alert_is_posted_again_until_it_is_taken(receiver):
    (alert,) = Staleness(0.0).look(stale("quotes/A"), 0.0)
    url = f"http://127.0.0.1:{receiver.server_port}/alerts"
    webhook = Webhook(url, "w1", first_pause_s=0.01)
    webhook.send(alert, START_NS)
    async with background() as work:
        work.start("webhook", webhook.run)
        assert await wait(receiver.got_it)
    first, second = receiver.bodies
    assert first == second
    assert (first["event"], first["worker"], first["topic_count"]) == ("STALE", "w1", 1)
    assert first["topics"][0]["silent_for_s"] == 31.0


async def wait(event: threading.Event) -> bool:
    return await asyncio.to_thread(event.wait, 5.0)
