"""A reader's place in one log of its group."""

from quarterdeck_server.stream.domain import Delivery
from quarterdeck_server.stream.engine.entry import Entry, Mint
from quarterdeck_server.stream.engine.fold import Folds
from quarterdeck_server.stream.engine.frame import MAX_FRAME_BYTES, Frame
from quarterdeck_server.stream.engine.log import Log

SLOW_AFTER_S = 1.0
"""A LATEST reader that waited longer gets the newest event of each topic, not every one."""

BURST_S = 1.0
"""So long a reader that must get all may be behind by any number of bytes: bursts are no fault."""


class Feed:
    """A cursor, the bytes before it, and what is left of events a slow reader could not take."""

    __slots__ = ("cursor", "delivery", "folds", "log", "seen")

    def __init__(self, log: Log, delivery: Delivery, mint: Mint) -> None:
        self.log = log
        self.delivery = delivery
        self.cursor = log.head
        self.seen = log.size
        self.folds = Folds(mint)

    @property
    def is_caught_up(self) -> bool:
        """Tell whether everything of the log was taken."""
        return self.cursor == self.log.head and not self.folds

    @property
    def behind_bytes(self) -> int:
        """How many bytes of the log were not taken yet."""
        return self.log.size - self.seen

    def behind_s(self, now: float) -> float:
        """Return how long the oldest entry that was not taken yet has waited."""
        if (since := self.folds.since) is not None:
            return now - since
        oldest = self.log.oldest(self.cursor)
        return now - oldest.arrived if oldest is not None else 0.0

    def is_too_far_behind(self, now: float, cut_bytes: int) -> bool:
        """Tell whether more bytes wait than may, and not just since a burst."""
        return self.behind_s(now) > BURST_S and self.behind_bytes > cut_bytes

    def is_slow(self, now: float) -> bool:
        """Tell whether only the newest events are still worth sending."""
        if self.delivery is Delivery.ALL:
            return False
        late = self.behind_bytes > MAX_FRAME_BYTES or self.behind_s(now) > SLOW_AFTER_S
        return late or bool(self.folds)

    def frame(self) -> Frame:
        """Take the next frame, the same bytes as every reader at this place."""
        frame = self.log.frame(self.cursor, self.seen)
        self.cursor += frame.count
        self.seen += frame.size
        return frame

    def take_one(self) -> None:
        """Pass over one entry."""
        entry = self.log.oldest(self.cursor)
        self.cursor += 1
        self.seen += len(entry) if entry is not None else 0

    def take_rest(self) -> list[Entry]:
        """Take every entry, as they are."""
        entries = [*self.folds.take(), *self.log.since(self.cursor)]
        self.cursor, self.seen = self.log.head, self.log.size
        return entries

    def absorb(self) -> None:
        """Keep only the newest of what was not taken, so that the log need not hold it."""
        self.folds.absorb(self.log.since(self.cursor))
        self.cursor, self.seen = self.log.head, self.log.size

    def take_newest(self) -> list[Entry]:
        """Take the newest event of each topic, with what was skipped."""
        self.absorb()
        return self.folds.take()
