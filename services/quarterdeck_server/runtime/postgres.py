"""The database: one pool a process, and what to do when it goes away for a moment."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from quarterdeck_server.kernel.errors import InvalidField, Unavailable
from quarterdeck_server.settings import PostgresSettings

type Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]

# What asyncpg raises when the server went away or is coming back. InternalClientError is what a
# pool says on release after an interrupted COPY; it is no InterfaceError.
AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    OSError,
    TimeoutError,
)
READ_ATTEMPTS = 6
FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 1.0


class PostgresUnavailable(Unavailable):
    """The database does not answer."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__("the database does not answer", dependency="postgres")
        self.__cause__ = cause


class TextNotStorable(InvalidField):
    """A text holds the one character that no text in the database can hold, NUL."""

    def __init__(self, field: str = "request") -> None:
        super().__init__(field, "must not hold the character NUL")


class Postgres:
    """Statements on a pool. Reads are repeated when the connection breaks; writes are not."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Return the rows of a query that changes nothing."""
        return await repeated(lambda: self._pool.fetch(sql, *arguments))

    async def fetchrow(self, sql: str, *arguments: object) -> asyncpg.Record | None:
        """Return the first row of a query that changes nothing."""
        return await repeated(lambda: self._pool.fetchrow(sql, *arguments))

    async def fetchval(self, sql: str, *arguments: object) -> Any:
        """Return the first value of a query that changes nothing."""
        return await repeated(lambda: self._pool.fetchval(sql, *arguments))

    async def execute(self, sql: str, *arguments: object) -> str:
        """Run one statement, once."""
        async with self.connection() as connection:
            return await connection.execute(sql, *arguments)

    async def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each row, in one transaction, once."""
        async with self.connection() as connection:
            await connection.executemany(sql, rows)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection; failures of it become PostgresUnavailable."""
        try:
            async with self._pool.acquire() as connection:
                yield connection
        except AWAY as error:
            raise PostgresUnavailable(error) from error
        except asyncpg.CharacterNotInRepertoireError as error:
            raise TextNotStorable from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection in a transaction that commits with the block."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def copy(
        self, schema: str, table: str, columns: Sequence[str], records: Iterable[Sequence[object]]
    ) -> None:
        """Write rows with COPY, once."""
        async with self.connection() as connection:
            await connection.copy_records_to_table(
                table, schema_name=schema, columns=columns, records=records
            )


async def repeated[T](work: Callable[[], Awaitable[T]]) -> T:
    """Run what may be run twice until the database answers, for about two seconds."""
    pause = FIRST_PAUSE_S
    for attempt in range(1, READ_ATTEMPTS + 1):
        try:
            return await work()
        except AWAY as error:
            if attempt == READ_ATTEMPTS:
                raise PostgresUnavailable(error) from error
        except asyncpg.CharacterNotInRepertoireError as error:
            raise TextNotStorable from error
        await asyncio.sleep(random.uniform(0.5, 1.0) * pause)  # noqa: S311 - spreads, no secret
        pause = min(pause * 3, LONGEST_PAUSE_S)
    raise AssertionError


@asynccontextmanager
async def postgres(dsn: str, settings: PostgresSettings) -> AsyncIterator[Postgres]:
    """Open a pool that closes with the block."""
    timeout = settings.command_timeout.total_seconds()
    try:
        # min_size 0: otherwise asyncpg logs a traceback for each failed attempt to keep its floor.
        pool = await asyncpg.create_pool(
            dsn, min_size=0, max_size=settings.pool_size, command_timeout=timeout, timeout=10
        )
    except AWAY as error:
        raise PostgresUnavailable(error) from error
    try:
        yield Postgres(pool)
    finally:
        try:
            await asyncio.wait_for(pool.close(), timeout=5)
        except TimeoutError:
            pool.terminate()
