"""A hub with readers for tests: publishes by topic, reads back what a client would see."""

from dataclasses import dataclass, field

from quarterdeck.api.stream.v1.notice_pb2 import Notice
from quarterdeck.api.stream.v1.stream_service_pb2 import WatchResponse
from quarterdeck_server.runtime.bus.message import Message
from quarterdeck_server.stream.domain import Cursor, Delivery, Subscription
from quarterdeck_server.stream.encode import KINDS, WireEncoder
from quarterdeck_server.stream.engine.entry import Mint
from quarterdeck_server.stream.engine.hub import Hub
from quarterdeck_server.stream.engine.plan import Plan, Scope
from quarterdeck_server.stream.engine.reader import Reader
from quarterdeck_server.stream.engine.terms import Limits, Loss

EVERYTHING = Scope(frozenset("*"), frozenset("*"), lambda _account, _strategy: True)
LIMITS = Limits(60.0, 1 << 20, 1 << 16, {"quotes": 30.0, "bars": 5.0})
START_NS = 1_000_000_000_000


@dataclass
class Seen:
    """What a client understood of a stream: positions by topic, and every rule it found broken."""

    positions: dict[str, tuple[int, int]] = field(default_factory=dict)
    events: list[tuple[str, int]] = field(default_factory=list)
    controls: list[str] = field(default_factory=list)
    gaps: list[tuple[str, int, int, int]] = field(default_factory=list)
    skipped: list[tuple[str, int, int]] = field(default_factory=list)
    heartbeats: list[dict[str, tuple[int, int]]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def take(self, data: bytes) -> None:
        frame = WatchResponse.FromString(data)
        for control in frame.controls:
            self._control(control)
        for event in frame.events:
            self._event(event)

    async def write(self, data: bytes) -> None:
        self.take(data)

    def sequences(self, topic: str) -> list[int]:
        return [sequence for name, sequence in self.events if name == topic]

    def cursors(self) -> dict[str, Cursor]:
        return {name: Cursor(name, *place) for name, place in self.positions.items()}

    def _control(self, control) -> None:
        which = control.WhichOneof("message")
        self.controls.append(which)
        if which == "gap":
            gap = control.gap
            lost = gap.topic, gap.epoch, gap.first_lost_sequence, gap.last_lost_sequence
            self.gaps.append(lost)
            self._announce(gap.topic, gap.epoch, gap.last_lost_sequence)
        elif which == "skipped":
            skipped = control.skipped
            self.skipped.append((skipped.topic, skipped.count, skipped.last_sequence))
            epoch, _ = self.positions.get(skipped.topic, (0, 0))
            self._announce(skipped.topic, epoch, skipped.last_sequence)
        elif which == "heartbeat":
            beat = {c.topic: (c.epoch, c.sequence) for c in control.heartbeat.cursors}
            self.heartbeats.append(beat)
            for topic, place in beat.items():
                if topic in self.positions and self.positions[topic] != place:
                    self.faults.append(f"heartbeat claims {place} of {topic}")

    def _announce(self, topic: str, epoch: int, last: int) -> None:
        if last == 0:
            self.positions.pop(topic, None)
        else:
            self.positions[topic] = (epoch, last)

    def _event(self, event) -> None:
        place = self.positions.get(event.topic)
        if place is not None:
            epoch, last = place
            if epoch and event.epoch != epoch:
                self.faults.append(f"unannounced epoch of {event.topic}")
            elif event.sequence != last + 1:
                self.faults.append(f"{event.topic} jumps from {last} to {event.sequence}")
        self.positions[event.topic] = (event.epoch, event.sequence + event.rows - 1)
        self.events.append((event.topic, event.sequence))


class Deck:
    """A hub with a clock of its own."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.now = 0.0
        self.losses: list[Loss] = []
        self.cuts: list[int] = []
        mint = Mint(WireEncoder())
        self.hub = Hub(mint, limits, KINDS, on_loss=self.losses.append)
        self.stored: dict[str, list[Message]] = {}

    def message(self, topic: str, sequence: int, *, epoch: int = 1, rows: int = 1, size: int = 0):
        payload = Notice(text="x" * size).SerializeToString()
        time_ns = START_NS + int(self.now * 1e9)
        return Message(topic, epoch, sequence, rows, time_ns, payload)

    def publish(self, topic: str, *sequences: int, epoch: int = 1, size: int = 0) -> None:
        for sequence in sequences:
            self.hub.publish(self.message(topic, sequence, epoch=epoch, size=size), self.now)

    def reader(self, *subscriptions, cursors=None, scope: Scope = EVERYTHING) -> Reader:
        reader = Reader(self.hub, lambda: None, self.cuts.append)
        reader.attach(plan(*subscriptions, scope=scope), cursors or {}, (), self.now)
        return reader

    def read(self, reader: Reader, seen: Seen | None = None) -> Seen:
        seen = seen or Seen()
        while (frame := reader.take(self.now, START_NS)) is not None:
            seen.take(frame.data)
        return seen


def plan(*subscriptions, scope: Scope = EVERYTHING) -> Plan:
    given = [one if isinstance(one, Subscription) else every(one) for one in subscriptions]
    return Plan(given, scope)


def every(topic: str) -> Subscription:
    return Subscription(topic, Delivery.ALL)


def latest(topic: str, max_rate: float = 0.0) -> Subscription:
    return Subscription(topic, Delivery.LATEST, max_rate)


@dataclass(frozen=True)
class Stored:
    """What the durable log answers."""

    epoch: int
    last: int
    messages: tuple[Message, ...]
