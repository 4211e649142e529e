"""What a ring and a log hold: one event or one control, encoded once and shared by every reader."""

from dataclasses import dataclass, field
from enum import IntEnum

from quarterdeck_server.runtime.garbage import untrack
from quarterdeck_server.stream.domain import Control, Delivery, Gap, GapCause, Skipped, Subscribed
from quarterdeck_server.stream.ports import Encoder, Published


class Mark(IntEnum):
    """What an entry is; an event is falsy, so that the hot path asks a plain truth value."""

    EVENT = 0
    GAP = 1
    SKIPPED = 2
    OTHER = 3


@dataclass(slots=True, eq=False)
class Entry:
    """An encoded event or control of a topic, covering ``sequence`` to ``last``.

    ``weight`` is how many sequence numbers it carries, loses or skips; ``arrived`` is in seconds of
    a clock that never runs backwards.
    """

    topic: str
    epoch: int
    sequence: int
    last: int
    weight: int
    time_ns: int
    arrived: float
    chunk: bytes
    mark: Mark = Mark.EVENT
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = len(self.chunk)


class Mint:
    """Makes entries."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def prefix(self, topic: str, epoch: int) -> bytes:
        """Return what all events of a topic and epoch begin with."""
        return self._encoder.prefix(topic, epoch)

    def event(self, prefix: bytes, kind: str, message: Published, now: float) -> Entry:
        """Return the entry of a message."""
        first, rows = message.sequence, message.rows
        entry = Entry(
            message.topic,
            message.epoch,
            first,
            first + rows - 1,
            rows,
            message.publish_time_ns,
            now,
            self._encoder.event(prefix, kind, message),
        )
        return untrack(entry)

    def gap(
        self, topic: str, epoch: int, lost: tuple[int, int], cause: GapCause, now: float
    ) -> Entry:
        """Return the announcement of lost sequence numbers, ``(0, 0)`` if nobody knows which."""
        first, last = lost
        chunk = self._encoder.control(Gap(topic, epoch, first, last, cause))
        weight = last - first + 1 if last else 0
        return Entry(topic, epoch, first, last, weight, 0, now, chunk, Mark.GAP)

    def skipped(self, entry: Entry, count: int) -> Entry:
        """Return the announcement that ``count`` sequence numbers up to ``entry`` are left out."""
        chunk = self._encoder.control(Skipped(entry.topic, count, entry.last))
        first = entry.last - count + 1
        return Entry(
            entry.topic,
            entry.epoch,
            first,
            entry.last,
            count,
            0,
            entry.arrived,
            chunk,
            Mark.SKIPPED,
        )

    def appeared(self, topic: str, delivery: Delivery, now: float) -> Entry:
        """Return the announcement of a topic that is new under a prefix."""
        return self.control(topic, Subscribed(topic, delivery), now)

    def control(self, topic: str, control: Control, now: float) -> Entry:
        """Return any other control."""
        chunk = self._encoder.control(control)
        return Entry(topic, 0, 0, 0, 0, 0, now, chunk, Mark.OTHER)
