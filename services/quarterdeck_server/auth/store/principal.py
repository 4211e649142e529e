"""Principals in PostgreSQL."""

from collections.abc import Callable

import asyncpg

from quarterdeck_server.auth.domain.principal import (
    Principal,
    PrincipalKind,
    PrincipalNotFound,
    check_admin_remains,
)
from quarterdeck_server.auth.domain.request import REMEMBERED_S, RequestKey, check_same
from quarterdeck_server.auth.domain.role import Role
from quarterdeck_server.auth.store.session import end_sessions
from quarterdeck_server.kernel.errors import AlreadyExists
from quarterdeck_server.kernel.time import NS, datetime_from_ns, ns_from_datetime
from quarterdeck_server.runtime.postgres import Connection, Postgres

ADMIN_LOCK = 0x61646D696E  # "admin": held while somebody stops being one
INSERT = """
INSERT INTO auth.principal (id, display_name, kind, roles, accounts, strategies, create_time,
                            password_hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO NOTHING RETURNING *"""
UPDATE = """
UPDATE auth.principal
SET display_name = $2, roles = $3, accounts = $4, strategies = $5, version = $6,
    disable_time = CASE WHEN $7 THEN coalesce(disable_time, $8) END,
    password_hash = coalesce($9, password_hash)
WHERE id = $1 RETURNING *"""


class PostgresPrincipalStore:
    """A PrincipalStore."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def create(
        self, principal: Principal, password_hash: str | None, request: RequestKey | None
    ) -> Principal:
        """Add a principal; the same request again returns what it made. Raises AlreadyExists."""
        async with self._postgres.transaction() as connection:
            if request and (made := await _made_by(connection, request, principal.create_time_ns)):
                return made
            created = await insert(connection, principal, password_hash)
            if created is None:
                raise AlreadyExists("principal", principal.name)
            if request:
                await _remember(connection, request, created)
        return created

    async def find(self, principal_id: str) -> Principal | None:
        """Return a principal, if it exists."""
        sql = "SELECT * FROM auth.principal WHERE id = $1"
        row = await self._postgres.fetchrow(sql, principal_id)
        return principal_from(row) if row else None

    async def list(self, after_id: str, limit: int) -> list[Principal]:
        """Return principals by identifier, those after ``after_id``."""
        sql = "SELECT * FROM auth.principal WHERE id > $1 ORDER BY id LIMIT $2"
        return [principal_from(row) for row in await self._postgres.fetch(sql, after_id, limit)]

    async def update(
        self,
        principal_id: str,
        edit: Callable[[Principal], Principal],
        now_ns: int,
        password_hash: str | None = None,
    ) -> Principal:
        """Replace a principal by what ``edit`` makes of it; a new password ends its sessions."""
        async with self._postgres.transaction() as connection:
            before = await _locked(connection, principal_id)
            after = edit(before)
            if after == before:
                return before
            await _check_admin_remains(connection, before, after)
            if password_hash or after.disabled:
                await end_sessions(connection, now_ns, principal=principal_id)
            return await _write(connection, after, now_ns, password_hash)

    async def password_hash(self, principal_id: str) -> str | None:
        """Return the hash of a person's password, if there is one."""
        sql = "SELECT password_hash FROM auth.principal WHERE id = $1"
        value: str | None = await self._postgres.fetchval(sql, principal_id)
        return value

    async def rehash(self, principal_id: str, old_hash: str, new_hash: str) -> None:
        """Replace a hash by a stronger one of the same password."""
        sql = "UPDATE auth.principal SET password_hash = $3 WHERE id = $1 AND password_hash = $2"
        await self._postgres.execute(sql, principal_id, old_hash, new_hash)


async def insert(
    connection: Connection, principal: Principal, password_hash: str | None
) -> Principal | None:
    """Add a principal within a transaction; nothing if the identifier is taken."""
    row = await connection.fetchrow(
        INSERT,
        principal.id,
        principal.display_name,
        principal.kind,
        list(principal.roles),
        list(principal.accounts),
        list(principal.strategies),
        datetime_from_ns(principal.create_time_ns),
        password_hash,
    )
    return principal_from(row) if row else None


def principal_from(row: asyncpg.Record) -> Principal:
    """Read a row."""
    return Principal(
        id=row["id"],
        display_name=row["display_name"],
        kind=PrincipalKind(row["kind"]),
        roles=tuple(Role(name) for name in row["roles"]),
        accounts=tuple(row["accounts"]),
        strategies=tuple(row["strategies"]),
        disabled=row["disable_time"] is not None,
        version=row["version"],
        create_time_ns=ns_from_datetime(row["create_time"]),
    )


async def _locked(connection: Connection, principal_id: str) -> Principal:
    sql = "SELECT * FROM auth.principal WHERE id = $1 FOR UPDATE"
    row = await connection.fetchrow(sql, principal_id)
    if row is None:
        raise PrincipalNotFound(f"principals/{principal_id}")
    return principal_from(row)


async def _check_admin_remains(connection: Connection, before: Principal, after: Principal) -> None:
    # Two admins who disable each other at once must not both succeed.
    if before.is_enabled_admin and not after.is_enabled_admin:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", ADMIN_LOCK)
    others = await connection.fetchval(
        """SELECT count(*) FROM auth.principal
           WHERE 'ADMIN' = ANY (roles) AND disable_time IS NULL AND id <> $1""",
        before.id,
    )
    check_admin_remains(before, after, others)


async def _write(
    connection: Connection, principal: Principal, now_ns: int, password_hash: str | None
) -> Principal:
    row = await connection.fetchrow(
        UPDATE,
        principal.id,
        principal.display_name,
        list(principal.roles),
        list(principal.accounts),
        list(principal.strategies),
        principal.version,
        principal.disabled,
        datetime_from_ns(now_ns),
        password_hash,
    )
    if row is None:
        raise PrincipalNotFound(principal.name)
    return principal_from(row)


async def _made_by(connection: Connection, request: RequestKey, now_ns: int) -> Principal | None:
    """Return what the request made when it was carried out before, and else reserve it."""
    lock = f"{request.caller} {request.id}"
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", lock)
    row = await connection.fetchrow(
        """SELECT r.digest, p.*
            FROM auth.request r JOIN auth.principal p ON p.id = r.principal
            WHERE r.caller = $1 AND r.id = $2 AND r.create_time > $3""",
        request.caller,
        request.id,
        datetime_from_ns(now_ns - REMEMBERED_S * NS),
    )
    if row is None:
        return None
    check_same(request, row["digest"])
    return principal_from(row)


async def _remember(connection: Connection, request: RequestKey, made: Principal) -> None:
    await connection.execute(
        """INSERT INTO auth.request (caller, id, digest, principal, create_time)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (caller, id) DO UPDATE
           SET digest = excluded.digest, principal = excluded.principal,
               create_time = excluded.create_time""",
        request.caller,
        request.id,
        request.digest,
        made.id,
        datetime_from_ns(made.create_time_ns),
    )
