"""The append-only log of a group: readers are cursors into it and share its frames."""

from collections.abc import Callable, Sequence

from quarterdeck_server.stream.engine.entry import Entry
from quarterdeck_server.stream.engine.fold import Folds
from quarterdeck_server.stream.engine.frame import MAX_FRAME_BYTES, Frame, joined, of_events

RELIEF_BYTES = 1024 * 1024
"""A log is looked after each time so much was published."""


class Log:
    """Entries in order of arrival; offsets count from the first entry ever appended.

    ``tap`` is where events come in: of a plain log the bound method of a list, since an event that
    fifty groups want is appended fifty times. What an append could keep up to date is therefore
    found out when it is asked for.
    """

    __slots__ = (
        "_cache",
        "_entries",
        "_framed_to",
        "_last_control",
        "_measured_to",
        "_size",
        "base",
        "floor",
        "tap",
    )

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._cache: dict[int, Frame] = {}
        self._framed_to = self._measured_to = 0
        self._last_control = -1
        self._size = 0
        self.base = 0
        self.floor = 0
        self.tap: Callable[[Entry], None] = self._entries.append

    @property
    def head(self) -> int:
        """The offset of the next entry."""
        return self.base + len(self._entries)

    @property
    def size(self) -> int:
        """How many bytes were ever appended."""
        if self._measured_to < self.head:
            self._size += sum(map(len, self._entries[self._measured_to - self.base :]))
            self._measured_to = self.head
        return self._size

    @property
    def kept_bytes(self) -> int:
        """How many bytes the log holds for readers that are behind."""
        return self.size - self.floor

    def append(self, entry: Entry) -> None:
        """Add what every reader of the log is to get, an event or a control."""
        if entry.mark:
            self._last_control = self.head
        self._entries.append(entry)

    def frame(self, cursor: int, seen: int) -> Frame:
        """Return the next frame of a reader at ``cursor``, which has seen ``seen`` bytes.

        Readers at the same cursor get the same bytes object, until something is appended.
        """
        self._learn(cursor, seen)
        if self._framed_to != self.head:
            self._framed_to = self.head
            self._cache.clear()
        frame = self._cache.get(cursor)
        if frame is None:
            frame = self._cache[cursor] = self._joined(cursor, seen)
        return frame

    def since(self, cursor: int) -> Sequence[Entry]:
        """Return the entries from ``cursor`` on."""
        return self._entries[cursor - self.base :]

    def oldest(self, cursor: int) -> Entry | None:
        """Return the entry at ``cursor``, if there is one yet."""
        return self._entries[cursor - self.base] if cursor < self.head else None

    def trim(self, cursor: int, seen: int) -> None:
        """Drop the entries that every reader has passed: up to ``cursor``, ``seen`` bytes."""
        if cursor > self.base:
            self._learn(cursor, seen)
            del self._entries[: cursor - self.base]
            self.base, self.floor = cursor, seen

    def holds_back(self, topic: str) -> bool:  # noqa: ARG002 - a paced log does
        """Tell whether newer events of the topic than the last appended wait for their turn."""
        return False

    def _learn(self, cursor: int, seen: int) -> None:
        """Take a reader's word for how many bytes stand before its cursor: it got them all."""
        if cursor > self._measured_to:
            self._measured_to, self._size = cursor, seen

    def _joined(self, cursor: int, seen: int) -> Frame:
        if self._last_control < cursor:
            if self._is_likely_small(self.head - cursor):
                # Joined at once: a look at each size first would cost as much as the join.
                frame = of_events(self._entries[cursor - self.base :])
                if frame.size <= MAX_FRAME_BYTES:
                    return frame
            elif self.size - seen <= MAX_FRAME_BYTES:
                return of_events(self._entries[cursor - self.base :])
        return joined(self._entries, cursor - self.base)

    def _is_likely_small(self, count: int) -> bool:
        """Tell whether so many entries fit into a frame twice, if they are like those before."""
        return 2 * count * self._size <= MAX_FRAME_BYTES * self._measured_to


class PacedLog(Log):
    """A log in which each topic appears at most so many times a second, with its newest event."""

    __slots__ = ("_due", "_period", "folds")

    def __init__(self, folds: Folds, max_rate: float) -> None:
        super().__init__()
        self.tap = self.append
        self.folds = folds
        self._period = 1.0 / max_rate
        self._due: dict[str, float] = {}

    def append(self, entry: Entry) -> None:
        """Add an entry now if its topic may, else keep the newest for later."""
        if entry.topic in self.folds:
            self.folds.add(entry)
        elif entry.mark:
            super().append(entry)
        elif entry.arrived >= self._due.get(entry.topic, 0.0):
            self._due[entry.topic] = entry.arrived + self._period
            super().append(entry)
        else:
            self.folds.add(entry)

    def release(self, now: float) -> None:
        """Append what waited for its turn."""
        ready = [topic for topic in self.folds.topics() if self._due.get(topic, 0.0) <= now]
        for topic in ready:
            self._due[topic] = now + self._period
        for entry in self.folds.take(ready):
            super().append(entry)

    def holds_back(self, topic: str) -> bool:
        """Tell whether newer events of the topic wait for their turn."""
        return topic in self.folds
