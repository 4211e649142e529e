"""API keys in PostgreSQL."""

from collections.abc import Callable
from datetime import timedelta

import asyncpg

from quarterdeck_server.auth.domain.api_key import ApiKey, ApiKeyNotFound, ApiKeyRevoked
from quarterdeck_server.auth.store.moment import moment_or_none, ns_or_none
from quarterdeck_server.auth.store.session import end_sessions
from quarterdeck_server.kernel.time import MICROSECOND_NS, datetime_from_ns, ns_from_datetime
from quarterdeck_server.runtime.postgres import Connection, Postgres

INSERT = """
INSERT INTO auth.api_key (id, principal, display_name, prefix, secret_hash, lifetime, from_seed,
                          create_time, expire_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING *"""
REVOKE = """
UPDATE auth.api_key SET revoke_time = coalesce(revoke_time, $2) WHERE id = $1 RETURNING *"""


class PostgresApiKeyStore:
    """An ApiKeyStore."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def create(self, key: ApiKey) -> ApiKey:
        """Add a key."""
        async with self._postgres.transaction() as connection:
            return await insert(connection, key)

    async def find(self, key_id: str) -> ApiKey | None:
        """Return a key, if it exists."""
        row = await self._postgres.fetchrow("SELECT * FROM auth.api_key WHERE id = $1", key_id)
        return _key(row) if row else None

    async def list(self, principal: str, after_id: str, limit: int) -> list[ApiKey]:
        """Return keys by identifier, those after ``after_id``, of one principal if given."""
        rows = await self._postgres.fetch(
            """SELECT * FROM auth.api_key WHERE ($1 = '' OR principal = $1) AND id > $2
               ORDER BY id LIMIT $3""",
            principal,
            after_id,
            limit,
        )
        return [_key(row) for row in rows]

    async def rotate(self, key_id: str, succeed: Callable[[ApiKey], ApiKey], end_ns: int) -> ApiKey:
        """Add a successor and let the key and its sessions end. Raises ApiKeyNotFound."""
        async with self._postgres.transaction() as connection:
            key = await _locked(connection, key_id)
            if key.revoke_time_ns is not None:
                raise ApiKeyRevoked(key.name)
            await connection.execute(
                "UPDATE auth.api_key SET expire_time = least(expire_time, $2) WHERE id = $1",
                key_id,
                datetime_from_ns(end_ns),
            )
            await end_sessions(connection, end_ns, api_key=key_id)
            return await insert(connection, succeed(key))

    async def revoke(self, key_id: str, now_ns: int) -> ApiKey:
        """End a key and its sessions. Raises ApiKeyNotFound."""
        async with self._postgres.transaction() as connection:
            row = await connection.fetchrow(REVOKE, key_id, datetime_from_ns(now_ns))
            if row is None:
                raise ApiKeyNotFound(f"apiKeys/{key_id}")
            await end_sessions(connection, now_ns, api_key=key_id)
        return _key(row)


async def insert(connection: Connection, key: ApiKey) -> ApiKey:
    """Add a key within a transaction."""
    row = await connection.fetchrow(
        INSERT,
        key.id,
        key.principal,
        key.display_name,
        key.prefix,
        key.secret_hash,
        _interval(key.lifetime_ns),
        key.from_seed,
        datetime_from_ns(key.create_time_ns),
        moment_or_none(key.expire_time_ns),
    )
    if row is None:
        raise ApiKeyNotFound(key.name)
    return _key(row)


async def _locked(connection: Connection, key_id: str) -> ApiKey:
    row = await connection.fetchrow("SELECT * FROM auth.api_key WHERE id = $1 FOR UPDATE", key_id)
    if row is None:
        raise ApiKeyNotFound(f"apiKeys/{key_id}")
    return _key(row)


def _key(row: asyncpg.Record) -> ApiKey:
    lifetime: timedelta | None = row["lifetime"]
    return ApiKey(
        id=row["id"],
        principal=row["principal"],
        display_name=row["display_name"],
        prefix=row["prefix"],
        secret_hash=row["secret_hash"],
        from_seed=row["from_seed"],
        create_time_ns=ns_from_datetime(row["create_time"]),
        lifetime_ns=None if lifetime is None else _nanoseconds(lifetime),
        expire_time_ns=ns_or_none(row["expire_time"]),
        revoke_time_ns=ns_or_none(row["revoke_time"]),
        last_use_time_ns=ns_or_none(row["last_use_time"]),
    )


def _interval(ns: int | None) -> timedelta | None:
    return None if ns is None else timedelta(microseconds=ns // MICROSECOND_NS)


def _nanoseconds(interval: timedelta) -> int:
    return interval // timedelta(microseconds=1) * MICROSECOND_NS
