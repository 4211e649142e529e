"""Sessions and refresh tokens in PostgreSQL."""

from datetime import datetime

import asyncpg

from quarterdeck_server.auth.domain.revocation import Revocations
from quarterdeck_server.auth.domain.session import (
    CredentialsInvalid,
    Session,
    Verdict,
    judge_refresh,
)
from quarterdeck_server.auth.store.moment import moment_or_none, ns_or_none
from quarterdeck_server.kernel.time import datetime_from_ns, ns_from_datetime
from quarterdeck_server.runtime.postgres import Connection, Postgres


class PostgresSessionStore:
    """A SessionStore."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def open(self, session: Session, refresh_hash: bytes) -> None:
        """Add a session, unless its credential stopped working. Raises CredentialsInvalid."""
        async with self._postgres.transaction() as connection:
            await _hold_credential(connection, session)
            await connection.execute(
                """INSERT INTO auth.session (id, principal, api_key, create_time, expire_time,
                                             revoke_time)
                   VALUES ($1, $2, $3, $4, $5, $6)""",
                session.id,
                session.principal,
                session.api_key,
                datetime_from_ns(session.create_time_ns),
                datetime_from_ns(session.expire_time_ns),
                moment_or_none(session.revoke_time_ns),
            )
            await _add_refresh_token(connection, session.id, refresh_hash)

    async def renew(
        self, old_hash: bytes, new_hash: bytes, now_ns: int
    ) -> tuple[Verdict, Session | None]:
        """Exchange a refresh token; a second use of one ends its session."""
        async with self._postgres.transaction() as connection:
            row = await _locked(connection, old_hash)
            session = _session(row) if row else None
            was_used = row is not None and row["use_time"] is not None
            verdict = judge_refresh(session, was_used, now_ns)
            if session and verdict is Verdict.STOLEN:
                await end_sessions(connection, now_ns, session=session.id)
            if session and verdict is Verdict.RENEW:
                await _mark_used(connection, old_hash, now_ns)
                await _add_refresh_token(connection, session.id, new_hash)
        return verdict, session

    async def revoke(self, session_id: str, now_ns: int) -> None:
        """End a session."""
        async with self._postgres.connection() as connection:
            await end_sessions(connection, now_ns, session=session_id)

    async def revocations(self, since_ns: int, now_ns: int) -> Revocations:
        """Return what was revoked in a period."""
        period = datetime_from_ns(since_ns), datetime_from_ns(now_ns)
        sessions = await self._postgres.fetch(
            "SELECT id, revoke_time FROM auth.session WHERE revoke_time > $1 AND revoke_time <= $2",
            *period,
        )
        principals = await self._postgres.fetch(
            """SELECT id, disable_time FROM auth.principal
               WHERE disable_time > $1 AND disable_time <= $2""",
            *period,
        )
        return Revocations(
            {row["id"]: _seconds(row["revoke_time"]) for row in sessions},
            {f"principals/{row['id']}": _seconds(row["disable_time"]) for row in principals},
        )


async def end_sessions(
    connection: Connection,
    end_ns: int,
    *,
    session: str | None = None,
    principal: str | None = None,
    api_key: str | None = None,
) -> None:
    """Let the sessions of one kind end at a time, unless they end before it anyway."""
    await connection.execute(
        """UPDATE auth.session SET revoke_time = $1
           WHERE (id = $2 OR principal = $3 OR api_key = $4)
             AND expire_time > $1 AND (revoke_time IS NULL OR revoke_time > $1)""",
        datetime_from_ns(end_ns),
        session,
        principal,
        api_key,
    )


async def _hold_credential(connection: Connection, session: Session) -> None:
    """Refuse a credential that ended since it was checked, and keep it from ending until commit."""
    principal = await connection.fetchval(
        "SELECT id FROM auth.principal WHERE id = $1 AND disable_time IS NULL FOR SHARE",
        session.principal,
    )
    if principal is None:
        raise CredentialsInvalid
    if session.api_key is None:
        return
    key = await connection.fetchval(
        """UPDATE auth.api_key SET last_use_time = $2
           WHERE id = $1 AND revoke_time IS NULL AND (expire_time IS NULL OR expire_time > $2)
           RETURNING id""",
        session.api_key,
        datetime_from_ns(session.create_time_ns),
    )
    if key is None:
        raise CredentialsInvalid


async def _locked(connection: Connection, refresh_hash: bytes) -> asyncpg.Record | None:
    return await connection.fetchrow(
        """SELECT s.*, r.use_time
           FROM auth.refresh_token r JOIN auth.session s ON s.id = r.session
           WHERE r.hash = $1 FOR UPDATE""",
        refresh_hash,
    )


async def _add_refresh_token(connection: Connection, session: str, refresh_hash: bytes) -> None:
    await connection.execute(
        "INSERT INTO auth.refresh_token (hash, session) VALUES ($1, $2)", refresh_hash, session
    )


async def _mark_used(connection: Connection, refresh_hash: bytes, now_ns: int) -> None:
    await connection.execute(
        "UPDATE auth.refresh_token SET use_time = $2 WHERE hash = $1",
        refresh_hash,
        datetime_from_ns(now_ns),
    )


def _session(row: asyncpg.Record) -> Session:
    return Session(
        id=row["id"],
        principal=row["principal"],
        api_key=row["api_key"],
        create_time_ns=ns_from_datetime(row["create_time"]),
        expire_time_ns=ns_from_datetime(row["expire_time"]),
        revoke_time_ns=ns_or_none(row["revoke_time"]),
    )


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
