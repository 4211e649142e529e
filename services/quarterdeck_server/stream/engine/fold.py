"""Conflation: what is left of a topic's events when only the newest matters."""

from collections.abc import Iterable

from quarterdeck_server.stream.engine.entry import Entry, Mark, Mint


class Fold:
    """The newest event of a topic, and the announcements of what was left out before it."""

    __slots__ = ("_controls", "_last_skipped", "_skipped", "newest", "since")

    def __init__(self, since: float) -> None:
        self.newest: Entry | None = None
        self.since = since
        self._controls: list[Entry] = []
        self._skipped = 0
        self._last_skipped: Entry | None = None

    def add(self, entry: Entry, mint: Mint) -> None:
        """Take in what came next."""
        if entry.mark != Mark.OTHER:
            self._displace()
        if entry.mark == Mark.EVENT:
            self.newest = entry
        elif entry.mark == Mark.SKIPPED:
            self._skip(entry)
        else:
            self._announce(mint)
            self._controls.append(entry)

    def controls(self, mint: Mint) -> list[Entry]:
        """Return what must be announced before the newest event."""
        self._announce(mint)
        return self._controls

    def _displace(self) -> None:
        if self.newest is not None:
            self._skip(self.newest)
            self.newest = None

    def _skip(self, entry: Entry) -> None:
        self._skipped += entry.weight
        self._last_skipped = entry

    def _announce(self, mint: Mint) -> None:
        if self._last_skipped is not None:
            self._controls.append(mint.skipped(self._last_skipped, self._skipped))
            self._skipped, self._last_skipped = 0, None


class Folds:
    """The folds of many topics."""

    __slots__ = ("_by_topic", "_mint")

    def __init__(self, mint: Mint) -> None:
        self._mint = mint
        self._by_topic: dict[str, Fold] = {}

    def __contains__(self, topic: str) -> bool:
        return topic in self._by_topic

    def __len__(self) -> int:
        return len(self._by_topic)

    @property
    def size(self) -> int:
        """How many bytes the newest events have."""
        folds = self._by_topic.values()
        return sum(len(fold.newest) for fold in folds if fold.newest is not None)

    @property
    def since(self) -> float | None:
        """When the oldest entry that was taken in arrived, if there is one."""
        return min((fold.since for fold in self._by_topic.values()), default=None)

    def add(self, entry: Entry) -> None:
        """Take in an entry of any topic."""
        fold = self._by_topic.get(entry.topic)
        if fold is None:
            fold = self._by_topic[entry.topic] = Fold(entry.arrived)
        fold.add(entry, self._mint)

    def absorb(self, entries: Iterable[Entry]) -> None:
        """Take in entries in order."""
        for entry in entries:
            self.add(entry)

    def topics(self) -> list[str]:
        """Return the topics that have something."""
        return list(self._by_topic)

    def peek_all(self) -> list[Entry]:
        """Return what is left, and keep it."""
        folds = self._by_topic.values()
        controls = [entry for fold in folds for entry in fold.controls(self._mint)]
        return controls + [fold.newest for fold in folds if fold.newest is not None]

    def take(self, topics: Iterable[str] | None = None) -> list[Entry]:
        """Take out what is left of the topics, all if not given: controls first, then events."""
        names = self.topics() if topics is None else topics
        folds = [self._by_topic.pop(name) for name in names if name in self._by_topic]
        controls = [entry for fold in folds for entry in fold.controls(self._mint)]
        return controls + [fold.newest for fold in folds if fold.newest is not None]
