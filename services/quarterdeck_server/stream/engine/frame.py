"""What a stream writes at once: joined entries, controls first."""

from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck_server.stream.engine.entry import Entry, Mark

MAX_FRAME_BYTES = 256 * 1024
"""Far below the 4 MiB that gRPC clients accept; a larger event is a frame of its own."""


@dataclass(slots=True, eq=False)
class Frame:
    """Encoded bytes of ``count`` entries."""

    data: bytes
    count: int
    events: int
    oldest_ns: int
    skipped: int = 0
    lost: int = 0

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.data)


def joined(entries: Sequence[Entry], start: int = 0) -> Frame:
    """Join entries from ``start`` on, as many as one message can carry.

    The controls of a message concern what came before its events, so a control that follows an
    event begins the next frame.
    """
    chunks: list[bytes] = []
    size = events = skipped = lost = oldest_ns = 0
    for place in range(start, len(entries)):
        entry = entries[place]
        size += len(entry)
        if chunks and (size > MAX_FRAME_BYTES or (entry.mark and events)):
            break
        chunks.append(entry)
        if not entry.mark:
            events += 1
            oldest_ns = oldest_ns or entry.time_ns
        elif entry.mark == Mark.SKIPPED:
            skipped += entry.weight
        elif entry.mark == Mark.GAP:
            lost += entry.weight
    return Frame(b"".join(chunks), len(chunks), events, oldest_ns, skipped, lost)


def of_events(entries: Sequence[Entry]) -> Frame:
    """Join entries that are known to be events and to fit: the hot path."""
    data = b"".join(entries)
    return Frame(data, len(entries), len(entries), entries[0].time_ns)
