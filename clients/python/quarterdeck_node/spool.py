"""The events that the deck must have, on the node's own disk until it has them.

An event is written before anything else learns of it, and leaves only when the deck has committed
it, so neither a crash of the node nor of the deck loses one. Sent events keep their identifiers
for a while, so that what the engine's cache tells again after a restart is not sent again.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from quarterdeck.api.trading.v1.trading_event_pb2 import TradingEvent

KEPT_IDENTIFIERS = 100_000
"""How many identifiers of sent events are remembered."""
PRUNE_EVERY = 5_000

SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'dead')),
    content BLOB,
    problem TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS event_by_state ON event (state, position);
"""


@dataclass(frozen=True, slots=True)
class Spooled:
    """An event in the spool; positions count up in the order in which events were written."""

    position: int
    event: TradingEvent


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event the deck refused, and why."""

    position: int
    event: TradingEvent
    problem: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How much waits, and how much was refused."""

    pending: int
    dead: int


class Spool:
    """A file of events, for any thread: the engine's timers run in threads of their own."""

    def __init__(self, file: Path, *, flush_each: bool = False) -> None:
        """Open or create the file.

        A commit survives the end of the process either way; with ``flush_each`` it also survives
        the end of the machine, for the price of one disk flush an event.
        """
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.RLock()
        self._database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(f"PRAGMA synchronous = {'FULL' if flush_each else 'NORMAL'}")
        self._database.executescript(SCHEMA)
        self._pending = self._count("pending")
        self._dead = self._count("dead")
        self._sent_since_prune = 0
        self._held: deque[TradingEvent] = deque()

    @property
    def counts(self) -> Counts:
        """How much waits, and how much was refused."""
        return Counts(self._pending + len(self._held), self._dead)

    @property
    def last_position(self) -> int:
        """The position of the newest event that waits; 0 if none does."""
        with self._lock:
            sql = "SELECT coalesce(max(position), 0) FROM event WHERE state = 'pending'"
            return int(self._database.execute(sql).fetchone()[0])

    def put(self, event: TradingEvent) -> bool:
        """Write an event; return False if its identifier is known.

        When the disk refuses, the event is held in memory and written with the next one that the
        disk takes: a full disk must not stop a node from closing its positions. Raises OSError so
        that the caller can tell.
        """
        with self._lock:
            try:
                while self._held:
                    self._insert(self._held[0])
                    self._held.popleft()
                return self._insert(event)
            except sqlite3.Error as error:
                self._held.append(event)
                raise OSError(f"the spool cannot be written: {error}") from error

    def pending(self, limit: int, upto: int | None = None) -> list[Spooled]:
        """Return the oldest events that wait, up to a position if one is given."""
        with self._lock:
            rows = self._database.execute(
                "SELECT position, content FROM event WHERE state = 'pending' AND position <= ?"
                " ORDER BY position LIMIT ?",
                (2**62 if upto is None else upto, limit),
            )
            return [Spooled(row[0], TradingEvent.FromString(row[1])) for row in rows]

    def sent(self, positions: Sequence[int]) -> None:
        """Note that the deck has committed events."""
        with self._lock:
            self._database.execute("BEGIN")
            self._database.executemany(
                "UPDATE event SET state = 'sent', content = NULL WHERE position = ?",
                [(position,) for position in positions],
            )
            self._database.execute("COMMIT")
            self._pending -= len(positions)
            self._sent_since_prune += len(positions)
            if self._sent_since_prune >= PRUNE_EVERY:
                self._prune()

    def bury(self, position: int, problem: str) -> None:
        """Put an event that the deck refused apart."""
        with self._lock:
            self._database.execute(
                "UPDATE event SET state = 'dead', problem = ? WHERE position = ?",
                (problem, position),
            )
            self._pending -= 1
            self._dead += 1

    def refuse(self, event_id: str, problem: str) -> None:
        """Note an event that has no content which could be sent. Raises OSError as ``put`` does."""
        with self._lock:
            try:
                self._dead += self._database.execute(
                    "INSERT INTO event (event_id, state, problem) VALUES (?, 'dead', ?)"
                    " ON CONFLICT (event_id) DO NOTHING",
                    (event_id, problem),
                ).rowcount
            except sqlite3.Error as error:
                raise OSError(f"the spool cannot be written: {error}") from error

    def dead_letters(self) -> list[DeadLetter]:
        """Return what the deck refused, oldest first."""
        with self._lock:
            rows = self._database.execute(
                "SELECT position, content, problem FROM event"
                " WHERE state = 'dead' ORDER BY position"
            )
            return [
                DeadLetter(row[0], TradingEvent.FromString(row[1] or b""), row[2]) for row in rows
            ]

    def revive(self) -> int:
        """Let every dead letter be sent again, after what refused it was put right."""
        with self._lock:
            revived = self._database.execute(
                "UPDATE event SET state = 'pending', problem = ''"
                " WHERE state = 'dead' AND content IS NOT NULL"
            ).rowcount
            self._pending += revived
            self._dead -= revived
            return revived

    def put_all(self, events: Iterable[TradingEvent]) -> int:
        """Write events whose identifiers are not known; return how many those were."""
        return sum(self.put(event) for event in events)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _insert(self, event: TradingEvent) -> bool:
        written = self._database.execute(
            "INSERT INTO event (event_id, state, content) VALUES (?, 'pending', ?)"
            " ON CONFLICT (event_id) DO NOTHING",
            (event.event_id, event.SerializeToString(deterministic=True)),
        ).rowcount
        self._pending += written
        return written == 1

    def _prune(self) -> None:
        self._sent_since_prune = 0
        self._database.execute(
            "DELETE FROM event WHERE state = 'sent' AND position <="
            " (SELECT max(position) FROM event) - ?",
            (KEPT_IDENTIFIERS,),
        )

    def _count(self, state: str) -> int:
        row = self._database.execute("SELECT count(*) FROM event WHERE state = ?", (state,))
        return int(row.fetchone()[0])
