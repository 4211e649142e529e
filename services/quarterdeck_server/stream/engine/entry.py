"""What a ring and a log hold: one event or one control, encoded once and shared by every reader."""

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


type Run = tuple[str, int, bytes]
"""A topic, an epoch of it, and what all events of both begin with: they share it."""


class Entry(bytes):
    """An encoded event or control of a topic, covering ``sequence`` to ``last``.

    It is the bytes that readers get, since fifty readers join it into fifty frames: bytes that an
    object refers to would be looked up fifty times, in memory that no cache holds (11 µs a frame of
    55 events instead of 2.5). ``weight`` is how many sequence numbers it carries, loses or skips;
    ``arrived`` is in seconds of a clock that never runs backwards. Five attributes and no more: a
    sixth takes some 90 bytes of each of half a million events.
    """

    run: Run
    sequence: int
    weight: int
    time_ns: int
    arrived: float
    mark: Mark = Mark.EVENT

    @property
    def topic(self) -> str:
        """The topic it is about."""
        return self.run[0]

    @property
    def epoch(self) -> int:
        """The epoch of its sequence numbers."""
        return self.run[1]

    @property
    def last(self) -> int:
        """The last sequence number it covers."""
        return self.sequence + max(self.weight, 1) - 1


class Mint:
    """Makes entries."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def run(self, topic: str, epoch: int) -> Run:
        """Return what all events of a topic and epoch share."""
        return untrack((topic, epoch, self._encoder.prefix(topic, epoch)))

    def event(self, run: Run, kind: str, message: Published, now: float) -> Entry:
        """Return the entry of a message."""
        entry = Entry(self._encoder.event(run[2], kind, message))
        # A dict of its own: the one Python makes has room for thirty attributes, 160 bytes more.
        entry.__dict__ = {
            "run": run,
            "sequence": message.sequence,
            "weight": message.rows,
            "time_ns": message.publish_time_ns,
            "arrived": now,
        }
        return untrack(entry)

    def gap(
        self, topic: str, epoch: int, lost: tuple[int, int], cause: GapCause, now: float
    ) -> Entry:
        """Return the announcement of lost sequence numbers, ``(0, 0)`` if nobody knows which."""
        first, last = lost
        chunk = self._encoder.control(Gap(topic, epoch, first, last, cause))
        weight = last - first + 1 if last else 0
        return _announcement(chunk, (topic, epoch), (first, weight), now, Mark.GAP)

    def skipped(self, entry: Entry, count: int) -> Entry:
        """Return the announcement that ``count`` sequence numbers up to ``entry`` are left out."""
        chunk = self._encoder.control(Skipped(entry.topic, count, entry.last))
        first = entry.last - count + 1
        about = entry.topic, entry.epoch
        return _announcement(chunk, about, (first, count), entry.arrived, Mark.SKIPPED)

    def appeared(self, topic: str, delivery: Delivery, now: float) -> Entry:
        """Return the announcement of a topic that is new under a prefix."""
        return self.control(topic, Subscribed(topic, delivery), now)

    def control(self, topic: str, control: Control, now: float) -> Entry:
        """Return any other control."""
        chunk = self._encoder.control(control)
        return _announcement(chunk, (topic, 0), (0, 0), now, Mark.OTHER)


def _announcement(
    chunk: bytes, about: tuple[str, int], span: tuple[int, int], arrived: float, mark: Mark
) -> Entry:
    entry = Entry(chunk)
    entry.run, entry.time_ns, entry.arrived, entry.mark = (*about, b""), 0, arrived, mark
    entry.sequence, entry.weight = span
    return entry
