"""Where what was replayed to a reader meets the live log, when that is not certain beforehand."""

from collections.abc import Callable

from quarterdeck_server.stream.domain import Cursor, GapCause
from quarterdeck_server.stream.engine.entry import Entry, Mark, Mint

type Missing = tuple[int, int]


class Seams:
    """For each topic in doubt, the last sequence number the reader has."""

    __slots__ = ("_by_topic", "_mint")

    def __init__(self, mint: Mint) -> None:
        self._by_topic: dict[str, Cursor] = {}
        self._mint = mint

    def __contains__(self, topic: str) -> bool:
        return topic in self._by_topic

    def __len__(self) -> int:
        return len(self._by_topic)

    def place(self, seam: Cursor) -> None:
        """Expect the live log to go on, or to overlap, at a cursor."""
        self._by_topic[seam.topic] = seam

    def remove(self, topic: str) -> None:
        """Trust the live log for a topic."""
        self._by_topic.pop(topic, None)

    def keep_only(self, wanted: Callable[[str], bool]) -> None:
        """Forget the topics that are not read any more."""
        self._by_topic = {name: seam for name, seam in self._by_topic.items() if wanted(name)}

    def is_before(self, topic: str, sequence: int) -> bool:
        """Tell whether the reader's place in a topic is in doubt and before a sequence number."""
        seam = self._by_topic.get(topic)
        return seam is not None and seam.sequence < sequence

    def missing(self, entry: Entry) -> Missing | None:
        """Return the sequence numbers between the seam and an event, if there are any."""
        seam = self._by_topic.get(entry.topic)
        if seam is None or entry.mark or entry.epoch != seam.epoch:
            return None
        if entry.sequence <= seam.sequence + 1:
            return None
        return seam.sequence + 1, entry.sequence - 1

    def pass_on(self, entry: Entry) -> list[Entry]:
        """Return what the reader gets for an entry of the live log."""
        seam = self._by_topic.get(entry.topic)
        if seam is None or entry.mark == Mark.OTHER:
            return [entry]
        if entry.epoch != seam.epoch:
            return self._of_another_epoch(entry)
        if entry.last <= seam.sequence:
            if entry.last == seam.sequence:
                self.remove(entry.topic)
            return []
        self.remove(entry.topic)
        return self._beyond(entry, seam)

    def _of_another_epoch(self, entry: Entry) -> list[Entry]:
        self.remove(entry.topic)
        if entry.mark == Mark.GAP:
            return [entry]
        cause = GapCause.EPOCH_CHANGED
        return [self._mint.gap(entry.topic, entry.epoch, (0, 0), cause, entry.arrived), entry]

    def _beyond(self, entry: Entry, seam: Cursor) -> list[Entry]:
        first = seam.sequence + 1
        if entry.mark == Mark.SKIPPED:
            return [self._mint.skipped(entry, entry.last - seam.sequence)]
        if entry.mark == Mark.GAP:
            return [self._gap(entry, (first, entry.last), GapCause.BUS_LOSS)]
        if entry.sequence > first:
            lost = (first, entry.sequence - 1)
            return [self._gap(entry, lost, GapCause.CURSOR_TOO_OLD), entry]
        return [entry]

    def _gap(self, entry: Entry, lost: Missing, cause: GapCause) -> Entry:
        return self._mint.gap(entry.topic, entry.epoch, lost, cause, entry.arrived)
