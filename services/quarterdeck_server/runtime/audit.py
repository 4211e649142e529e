"""The audit log: who did what with what outcome, chained in the database.

Records wait for each other for one write (group commit), and a call that changes something is
answered after its record is stored. When the database is away, records wait in memory and the
answer does not: what was done is done, and hiding the answer would make callers do it twice.
A write whose success is in doubt is repeated, so a record may be there twice but is never missing.
"""

import asyncio
import json
from collections import Counter as Count
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import structlog
from prometheus_client import Counter

from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.background import Background
from quarterdeck_server.runtime.postgres import Postgres

log = structlog.get_logger()

DELAYED = Counter("quarterdeck_audit_delayed_total", "Audit records not stored before the answer.")
STORED = Counter("quarterdeck_audit_stored_total", "Audit records stored.")

LARGEST_WRITE = 512
LONGEST_WAIT_S = 2.0
SUMMARY_INTERVAL_S = 60.0
RETRY_PAUSE_S = 0.5
LONGEST_TEXT = 500
"""The log is never pruned, and what a refused caller wrote may have any length."""


@dataclass(frozen=True, slots=True)
class Record:
    """What the log keeps of a call; ``payload`` is JSON."""

    actor: str
    action: str
    subject: str
    payload: str


def record(
    actor: str, action: str, subject: str, *, outcome: str, request_id: str = "", calls: int = 1
) -> Record:
    """Make a record of one call, or of ``calls`` like calls."""
    payload: dict[str, object] = {"outcome": outcome}
    if request_id:
        payload["request_id"] = request_id
    if calls != 1:
        payload["calls"] = calls
    text = json.dumps(payload, separators=(",", ":"))
    return Record(_storable(actor), action, _storable(subject), text)


def _storable(text: str) -> str:
    """Shorten a text, and replace the one character that PostgreSQL refuses."""
    return text[:LONGEST_TEXT].replace("\0", "\N{REPLACEMENT CHARACTER}")


class AuditLog:
    """Appends records: ``add`` waits for the database, ``count`` sums up by the minute."""

    def __init__(self, store: Postgres) -> None:
        self._store = store
        self._waiting: list[tuple[Record, asyncio.Future[None]]] = []
        self._arrived = asyncio.Event()
        self._counts: Count[tuple[str, str, str]] = Count()

    async def add(self, entry: Record) -> None:
        """Store a record, or at least queue it when the database does not answer in time."""
        stored = self._queue(entry)
        try:
            await asyncio.wait_for(asyncio.shield(stored), LONGEST_WAIT_S)
        except TimeoutError:
            DELAYED.inc()
            log.warning("audit_record_delayed", action=entry.action)

    def count(self, actor: str, action: str, outcome: str) -> None:
        """Count a call that is recorded with its like once a minute."""
        self._counts[actor, action, outcome] += 1

    async def write(self) -> None:
        """Write what waits, again and again."""
        while True:
            while self._waiting:
                if not await self._write_once():
                    await asyncio.sleep(RETRY_PAUSE_S)
            self._arrived.clear()
            await self._arrived.wait()

    async def summarise(self) -> None:
        """Queue the sums of each minute."""
        while True:
            await asyncio.sleep(SUMMARY_INTERVAL_S)
            self.flush_counts()

    def flush_counts(self) -> None:
        """Queue the sums of what was counted so far."""
        counts, self._counts = self._counts, Count()
        for (actor, action, outcome), calls in counts.items():
            self._queue(record(actor, action, "", outcome=outcome, calls=calls))

    async def close(self) -> None:
        """Store what still waits."""
        self.flush_counts()
        while self._waiting and await self._write_once():
            pass
        if self._waiting:
            log.error("audit_records_lost", records=len(self._waiting))

    def _queue(self, entry: Record) -> asyncio.Future[None]:
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, stored))
        self._arrived.set()
        return stored

    async def _write_once(self) -> bool:
        """Write the oldest records, which wait until they are stored; tell whether they are."""
        taken = self._waiting[:LARGEST_WRITE]
        entries = [entry for entry, _ in taken]
        try:
            await self._store.execute(
                "SELECT audit.append($1, $2, $3, $4)",
                [entry.actor for entry in entries],
                [entry.action for entry in entries],
                [entry.subject for entry in entries],
                [entry.payload for entry in entries],
            )
        except (Unavailable, asyncpg.PostgresError) as error:
            log.warning("audit_records_not_stored", waiting=len(self._waiting), error=str(error))
            return False
        del self._waiting[: len(taken)]
        STORED.inc(len(entries))
        for _, stored in taken:
            if not stored.done():
                stored.set_result(None)
        return True


@asynccontextmanager
async def audit_log(store: Postgres, background: Background) -> AsyncIterator[AuditLog]:
    """Open the log; what waits is stored when the block ends."""
    log_ = AuditLog(store)
    tasks = [
        background.start("audit-writer", log_.write),
        background.start("audit-summary", log_.summarise),
    ]
    try:
        yield log_
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await log_.close()
