"""The audit log, read from PostgreSQL."""

import asyncpg

from quarterdeck_server.auth.domain.audit import AuditEvent, AuditFilter, Verification
from quarterdeck_server.auth.store.moment import moment_or_none
from quarterdeck_server.kernel.time import ns_from_datetime
from quarterdeck_server.runtime.postgres import Postgres

VERIFIED_AT_ONCE = 20_000
"""Rows a statement verifies: a long log must not run into the statement's timeout."""
LAST_ID = 2**63 - 1


class PostgresAuditLog:
    """An AuditLog."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def before(
        self, question: AuditFilter, before_id: int | None, limit: int
    ) -> list[AuditEvent]:
        """Return matching records, newest first, those before an identifier."""
        rows = await self._postgres.fetch(
            """SELECT * FROM audit.log
               WHERE ($1 = '' OR actor = $1) AND starts_with(action, $2)
                 AND ($3::timestamptz IS NULL OR at >= $3)
                 AND ($4::timestamptz IS NULL OR at < $4)
                 AND id < $5
               ORDER BY id DESC LIMIT $6""",
            question.actor,
            question.action_prefix,
            moment_or_none(question.start_ns),
            moment_or_none(question.end_ns),
            LAST_ID if before_id is None else before_id,
            limit,
        )
        return [_event(row) for row in rows]

    async def after(self, event_id: int, limit: int) -> list[AuditEvent]:
        """Return records, oldest first, those after an identifier."""
        sql = "SELECT * FROM audit.log WHERE id > $1 ORDER BY id LIMIT $2"
        return [_event(row) for row in await self._postgres.fetch(sql, event_id, limit)]

    async def head(self) -> int:
        """Return the identifier of the newest record, 0 when there is none."""
        value: int = await self._postgres.fetchval("SELECT coalesce(max(id), 0) FROM audit.log")
        return value

    async def verify(self, first_id: int, last_id: int) -> Verification:
        """Compute the chain again, piece by piece; each begins with the last row of the one before.

        So every link is verified, and a piece ends at a row that exists: a hole lies within one.
        """
        place, broken = first_id, await self._first_unless_is(first_id, last_id)
        while broken is None and (end := await self._end_of_piece(place, last_id)) is not None:
            broken = await self._postgres.fetchval("SELECT audit.verify($1, $2)", place, end)
            if end == place:
                break
            place = end
        return await self._verification(first_id, last_id, broken)

    async def _first_unless_is(self, first_id: int, last_id: int) -> int | None:
        """Return the first row there is, if it is not the one it should be."""
        sql = "SELECT min(id) FROM audit.log WHERE id >= $1 AND id <= $2"
        found: int | None = await self._postgres.fetchval(sql, first_id, last_id)
        return found if found != first_id else None

    async def _end_of_piece(self, place: int, last_id: int) -> int | None:
        end: int | None = await self._postgres.fetchval(
            """SELECT max(id) FROM (SELECT id FROM audit.log WHERE id >= $1 AND id <= $2
                                    ORDER BY id LIMIT $3) piece""",
            place,
            last_id,
            VERIFIED_AT_ONCE,
        )
        return end

    async def _verification(self, first_id: int, last_id: int, broken: int | None) -> Verification:
        row = await self._postgres.fetchrow(
            """SELECT count(*) AS rows, max(id) AS last FROM audit.log
               WHERE id >= $1 AND id <= $2 AND id < $3""",
            first_id,
            last_id,
            LAST_ID if broken is None else broken,
        )
        if row is None or not row["rows"]:
            return Verification(0, broken, b"")
        sql = "SELECT hash FROM audit.log WHERE id = $1"
        return Verification(row["rows"], broken, await self._postgres.fetchval(sql, row["last"]))


def _event(row: asyncpg.Record) -> AuditEvent:
    return AuditEvent(
        id=row["id"],
        time_ns=ns_from_datetime(row["at"]),
        actor=row["actor"],
        action=row["action"],
        subject=row["subject"],
        payload=row["payload"],
        prev_hash=row["prev"],
        hash=row["hash"],
    )
