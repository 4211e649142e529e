"""A topic: where it stands, its recent events, and the logs they go to."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable

from quarterdeck_server.kernel import topics
from quarterdeck_server.stream.domain import DURABLE, Cursor, Stale
from quarterdeck_server.stream.engine.entry import Entry, Run
from quarterdeck_server.stream.engine.log import Log
from quarterdeck_server.stream.ports import Published


class Topic:
    """The ring of a topic: recent events and gaps, oldest first, and the newest event for ever."""

    __slots__ = (
        "bells",
        "durable",
        "entries",
        "epoch",
        "head",
        "held",
        "kind",
        "last_arrival",
        "logs",
        "name",
        "newest",
        "run",
        "stale",
        "stale_after_ns",
        "taps",
    )

    def __init__(self, name: str, epoch: int, head: int, run: Run) -> None:
        self.name = name
        self.kind = topics.kind(name)
        self.durable = self.kind in DURABLE
        self.epoch = epoch
        self.head = head
        self.run = run
        self.entries: deque[Entry] = deque()
        self.newest: Entry | None = None
        self.logs: dict[Log, Callable[[Entry], None]] = {}
        self.taps: list[Callable[[Entry], None]] = []
        self.bells: set[Hashable] = set()
        self.held: list[Published] | None = None
        self.last_arrival = 0.0
        self.stale_after_ns = 0
        self.stale: Stale | None = None

    @property
    def cursor(self) -> Cursor:
        """Where the topic stands."""
        return Cursor(self.name, self.epoch, self.head)

    def flow_into(self, log: Log, bell: Hashable) -> None:
        """Send what comes to a log from now on, and tell its readers by a bell."""
        self.logs[log] = log.tap
        self.taps.append(log.tap)
        self.bells.add(bell)

    def flow_no_more_into(self, logs: Iterable[Log], bell: Hashable) -> None:
        """Send nothing more to some logs with the same bell."""
        for log in logs:
            self.logs.pop(log, None)
        self.taps = list(self.logs.values())
        self.bells.discard(bell)

    def accept(self, entry: Entry) -> None:
        """Keep the next event."""
        self.head = entry.last
        self.newest = entry
        self.last_arrival = entry.arrived
        self.entries.append(entry)

    def restart(self, run: Run) -> None:
        """Begin another run of sequence numbers: what was kept cannot be continued."""
        self.run, self.epoch, self.head = run, run[1], 0
        self.entries.clear()

    def skip_to(self, sequence: int) -> None:
        """Go on after a sequence number: what was kept is not continued by what comes."""
        self.head = sequence
        self.entries.clear()

    def evict(self, entry: Entry) -> None:
        """Forget the oldest entry, unless a restart did."""
        if self.entries and self.entries[0] is entry:
            self.entries.popleft()

    def after(self, sequence: int) -> list[Entry]:
        """Return what is kept of what follows a sequence number, gaps included."""
        found: list[Entry] = []
        for entry in reversed(self.entries):
            if entry.last <= sequence:
                break
            found.append(entry)
        found.reverse()
        if not found and self.newest is not None and self.newest.epoch == self.epoch:
            return [self.newest] if self.newest.last > sequence else []
        return found
