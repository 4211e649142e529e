"""How far a reader has come in each topic: what is new, what came twice, what is missing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from quarterdeck.api.stream.v1.control_pb2 import Gap, Skipped
from quarterdeck.api.stream.v1.event_pb2 import Event as EventMessage
from quarterdeck.api.stream.v1.subscription_pb2 import Cursor
from quarterdeck.errors import UnannouncedGap
from quarterdeck.topics import matches

type Position = tuple[int, int]
"""The epoch and the last sequence number seen; ANYWHERE in place of the latter after a GAP."""
ANYWHERE = -1


@dataclass(slots=True)
class Positions:
    """The last sequence number seen of each topic."""

    _seen: dict[str, Position] = field(default_factory=dict)

    def start(self, cursors: Iterable[Cursor]) -> None:
        """Take up where another reader stopped."""
        self._seen.update((c.topic, (c.epoch, c.sequence)) for c in cursors)

    def cursors(self) -> Iterator[Cursor]:
        """Tell where to resume; everything up to there was seen, or announced as lost."""
        for topic, (epoch, sequence) in self._seen.items():
            if sequence != ANYWHERE:
                yield Cursor(topic=topic, epoch=epoch, sequence=sequence)

    def knows(self, topic: str) -> bool:
        """Tell whether the reader has a place in the topic."""
        return topic in self._seen

    def forget_all(self) -> list[str]:
        """Start anew everywhere, and tell where the reader had a place."""
        forgotten, self._seen = list(self._seen), {}
        return forgotten

    def forget(self, pattern: str) -> list[str]:
        """Start anew in the topics a subscription covers, and tell which they were."""
        forgotten = [topic for topic in self._seen if matches(pattern, topic)]
        for topic in forgotten:
            del self._seen[topic]
        return forgotten

    def gap(self, gap: Gap) -> None:
        """Accept an announced loss."""
        epoch, _ = self._seen.get(gap.topic, (gap.epoch, ANYWHERE))
        same = epoch == gap.epoch and gap.last_lost_sequence > 0
        self._seen[gap.topic] = (gap.epoch, gap.last_lost_sequence if same else ANYWHERE)

    def skipped(self, skipped: Skipped) -> None:
        """Accept that events were left out."""
        epoch, sequence = self._seen.get(skipped.topic, (0, ANYWHERE))
        if sequence != ANYWHERE:
            self._seen[skipped.topic] = (epoch, max(sequence, skipped.last_sequence))

    def reached(self, cursor: Cursor) -> UnannouncedGap | None:
        """Compare with how far the stream says it has come; what lies between is missing."""
        epoch, sequence = self._seen.get(cursor.topic, (cursor.epoch, ANYWHERE))
        if sequence == ANYWHERE or epoch != cursor.epoch or cursor.sequence <= sequence:
            return None
        self._seen[cursor.topic] = (epoch, cursor.sequence)
        return UnannouncedGap(cursor.topic, epoch, sequence + 1, cursor.sequence)

    def event(self, event: EventMessage) -> "Arrival":
        """Place an event; the position moves to its last row."""
        first, last = event.sequence, event.sequence + max(event.rows, 1) - 1
        epoch, sequence = self._seen.get(event.topic, (event.epoch, ANYWHERE))
        if epoch != event.epoch:
            self._seen[event.topic] = (event.epoch, last)
            return Arrival(0, UnannouncedGap(event.topic, event.epoch, 0, 0))
        if sequence == ANYWHERE:
            self._seen[event.topic] = (epoch, last)
            return ARRIVED
        self._seen[event.topic] = (epoch, max(sequence, last))
        if first > sequence + 1:
            return Arrival(0, UnannouncedGap(event.topic, epoch, sequence + 1, first - 1))
        return ARRIVED if first == sequence + 1 else Arrival(min(sequence, last) - first + 1)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What an event is to this reader."""

    seen_rows: int
    """How many of its first rows were seen before."""
    gap: UnannouncedGap | None = None
    """What is missing before it."""


ARRIVED = Arrival(0)
