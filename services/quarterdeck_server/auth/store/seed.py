"""How the installer's principals arrive in PostgreSQL."""

from quarterdeck_server.auth.domain.api_key import ApiKey
from quarterdeck_server.auth.domain.secret import KeySecret
from quarterdeck_server.auth.domain.seed import Seed
from quarterdeck_server.auth.store.api_key import insert as insert_key
from quarterdeck_server.auth.store.principal import insert as insert_principal
from quarterdeck_server.auth.store.session import end_sessions
from quarterdeck_server.kernel.time import datetime_from_ns
from quarterdeck_server.runtime.postgres import Connection, Postgres

SEED_LOCK = 0x73656564  # "seed": replicas that start together plant one after the other

END_SEEDED = """
UPDATE auth.api_key SET revoke_time = coalesce(revoke_time, $3)
WHERE principal = $1 AND from_seed AND secret_hash <> $2 RETURNING id"""
# Installers may keep the identifier when they replace the secret. A key that an operator revoked
# works again with a new secret only.
TAKE_OVER = """
UPDATE auth.api_key SET secret_hash = $3, prefix = $4, revoke_time = NULL
WHERE id = $1 AND principal = $2 AND from_seed AND secret_hash <> $3 RETURNING id"""
KNOWN = "SELECT id FROM auth.api_key WHERE secret_hash = $1"


class PostgresSeedStore:
    """A SeedStore."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def seed_hash(self, principal_id: str) -> str | None:
        """Return the hash of the password that was seeded last, if one was."""
        sql = "SELECT seed_hash FROM auth.principal WHERE id = $1"
        value: str | None = await self._postgres.fetchval(sql, principal_id)
        return value

    async def plant(self, seed: Seed, password_hash: str | None, now_ns: int) -> None:
        """Make sure that the principal exists with this secret."""
        async with self._postgres.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", SEED_LOCK)
            await insert_principal(connection, seed.principal, None)
            if password_hash:
                await _plant_password(connection, seed.principal.id, password_hash, now_ns)
            if seed.api_key:
                await _plant_key(connection, seed.principal.id, seed.api_key, now_ns)


async def _plant_password(
    connection: Connection, principal_id: str, password_hash: str, now_ns: int
) -> None:
    await end_sessions(connection, now_ns, principal=principal_id)
    await connection.execute(
        """UPDATE auth.principal SET password_hash = $2, seed_hash = $2, version = version + 1
           WHERE id = $1""",
        principal_id,
        password_hash,
    )


async def _plant_key(
    connection: Connection, principal_id: str, secret: KeySecret, now_ns: int
) -> None:
    """Add the key, or take over its new secret, and end those that were seeded before it."""
    ended = await connection.fetch(END_SEEDED, principal_id, secret.hash, datetime_from_ns(now_ns))
    for row in ended:
        await end_sessions(connection, now_ns, api_key=row["id"])
    replaced = await connection.fetchval(
        TAKE_OVER, secret.id, principal_id, secret.hash, secret.prefix
    )
    known = await connection.fetchval(KNOWN, secret.hash)
    if not (replaced or known):
        await insert_key(connection, _seeded_key(principal_id, secret, now_ns))


def _seeded_key(principal_id: str, secret: KeySecret, now_ns: int) -> ApiKey:
    return ApiKey(
        id=secret.id,
        principal=principal_id,
        display_name="made by the installer",
        prefix=secret.prefix,
        secret_hash=secret.hash,
        create_time_ns=now_ns,
        from_seed=True,
    )
