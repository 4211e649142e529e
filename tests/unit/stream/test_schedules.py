"""Random schedules of publishing, losing, leaving and coming back.

The rule for every schedule: to a reader with ALL, no hole that is not announced and nothing twice;
to a reader with LATEST, the newest value of each topic in the end.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.stream.deck import Deck, Seen, Stored, every, latest, plan

from quarterdeck_server.stream.engine.reader import Reader
from quarterdeck_server.stream.engine.terms import Limits

TOPICS = ("quotes/A.X", "quotes/B.X", "fills/acc/s1", "fills/acc/s2")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "publish",
                "publish",
                "lose",
                "repeat",
                "epoch",
                "read",
                "take",
                "leave",
                "change",
                "wait",
                "evict",
                "pace",
                "beat",
                "mend",
                "flush",
            ]
        ),
        st.integers(0, 3),
        st.integers(1, 6),
    ),
    max_size=80,
)


class World:
    """Owners of topics, a durable log, a bus that loses, and readers that come and go."""

    def __init__(self, subscriptions) -> None:
        self.deck = Deck(Limits(60.0, 3000, 1 << 20, {"quotes": 5.0}))
        self.heads = dict.fromkeys(TOPICS, 0)
        self.epochs = dict.fromkeys(TOPICS, 1)
        self.stored = {topic: [] for topic in TOPICS}
        self.subscriptions = subscriptions
        self.seen = [Seen(), Seen()]
        self.readers: list[Reader | None] = [None, None]

    def step(self, name: str, which: int, count: int) -> None:
        getattr(self, name)(which, count)

    def publish(self, which: int, count: int, *, arrives: bool = True) -> None:
        topic = TOPICS[which]
        for _ in range(count):
            self.heads[topic] += 1
            message = self.deck.message(topic, self.heads[topic], epoch=self.epochs[topic], size=99)
            self.stored[topic].append(message)
            if arrives:
                self.deck.hub.publish(message, self.deck.now)

    def lose(self, which: int, count: int) -> None:
        self.publish(which, count, arrives=False)

    def repeat(self, which: int, count: int) -> None:
        for message in self.stored[TOPICS[which]][-count:]:
            known = self.deck.hub.topics.get(message.topic)
            if known is not None and known.head >= message.sequence:
                self.deck.hub.publish(message, self.deck.now)

    def epoch(self, which: int, count: int) -> None:
        if which < 2:
            topic = TOPICS[which]
            self.epochs[topic] += 1
            self.heads[topic], self.stored[topic] = 0, []

    def read(self, which: int, count: int) -> None:
        reader = self._reader(which % 2)
        while self._take(which % 2) is not None or not reader.is_settled:
            self._fill(reader)

    def take(self, which: int, count: int) -> None:
        self._take(which % 2)

    def leave(self, which: int, count: int) -> None:
        if (reader := self.readers[which % 2]) is not None:
            reader.detach()
            self.readers[which % 2] = None

    def change(self, which: int, count: int) -> None:
        reader = self._reader(which % 2)
        self.read(which, count)
        wanted = plan(*self.subscriptions[count % 2])
        reader.attach(wanted, {}, (), self.deck.now)
        # What is not subscribed to any more may begin anew later.
        for topic in [name for name in self.seen[which % 2].positions if not wanted.route(name)]:
            del self.seen[which % 2].positions[topic]

    def wait(self, which: int, count: int) -> None:
        self.deck.now += count

    def evict(self, which: int, count: int) -> None:
        self.deck.hub.evict(self.deck.now)

    def pace(self, which: int, count: int) -> None:
        self.deck.hub.release_paced(self.deck.now)

    def flush(self, which: int, count: int) -> None:
        self.deck.hub.flush()

    def beat(self, which: int, count: int) -> None:
        self._reader(which % 2).heartbeat_is_due = True

    def mend(self, which: int, count: int) -> None:
        losses, self.deck.losses[:] = tuple(self.deck.losses), []
        for loss in losses:
            rows = [m for m in self.stored[loss.topic] if m.sequence > loss.after]
            self.deck.hub.mend(loss.topic, rows, self.deck.now)

    def finish(self) -> None:
        for which in range(4):
            self.publish(which, 1)
        while self.deck.losses:
            self.mend(0, 0)
        self.deck.now += 10
        self.pace(0, 0)
        self.flush(0, 0)
        self.read(0, 0)
        self.read(1, 0)

    def _reader(self, which: int) -> Reader:
        reader = self.readers[which]
        if reader is None:
            cursors = self.seen[which].cursors()
            wanted = plan(*self.subscriptions[0])
            reader = Reader(self.deck.hub, lambda: None, self.deck.cuts.append)
            reader.attach(wanted, cursors, (), self.deck.now)
            self.readers[which] = reader
        return reader

    def _take(self, which: int):
        frame = self._reader(which).take(self.deck.now, 0)
        if frame is not None:
            self.seen[which].take(frame.data)
        return frame

    def _fill(self, reader: Reader) -> None:
        for hole in reader.holes:
            rows = self.stored[hole.topic]
            found = tuple(m for m in rows if m.sequence > hole.after)
            stored = Stored(self.epochs[hole.topic], self.heads[hole.topic], found)
            reader.fill(hole, stored, self.deck.now)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_all_has_no_unannounced_hole_and_no_duplicate(steps):
    world = World([[every("quotes/*"), every("fills/*")], [every("quotes/A.X"), every("fills/*")]])
    for step in steps:
        world.step(*step)
    world.finish()
    assert [seen.faults for seen in world.seen] == [[], []]
    for seen in world.seen:
        for topic in TOPICS[2:]:
            assert seen.positions[topic] == (1, world.heads[topic])


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_latest_always_ends_with_the_newest_value(steps):
    paced = [latest("quotes/*", 0.5), latest("fills/*")]
    world = World([paced, [latest("quotes/*"), latest("fills/*", 2.0)]])
    for step in steps:
        world.step(*step)
    world.finish()
    assert [seen.faults for seen in world.seen] == [[], []]
    for seen in world.seen:
        for topic in TOPICS:
            assert seen.positions[topic] == (world.epochs[topic], world.heads[topic])
            assert seen.sequences(topic)[-1] == world.heads[topic]
