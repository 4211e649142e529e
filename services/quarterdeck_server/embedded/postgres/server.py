"""A PostgreSQL server as a part that the supervisor runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT
from urllib.parse import quote

import asyncpg

from quarterdeck_server.embedded.part import Part
from quarterdeck_server.embedded.postgres.data import ensure_data, remove_leftovers
from quarterdeck_server.embedded.postgres.place import Place, copy_programs
from quarterdeck_server.embedded.probes import postgres_answers

ROLE = "quarterdeck"
DATABASE = "quarterdeck"
ATTEMPTS = 8
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "80",
    "shared_buffers": "64MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """A server of our own over the programs of a wheel."""

    place: Place
    wheel: Path
    environment: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    """Server settings beside, or instead of, the usual ones."""

    def dsn(self, database: str = DATABASE) -> str:
        """Give the address of a database, as asyncpg and libpq read it."""
        sockets = quote(str(self.place.sockets), safe="/")
        return f"postgresql://{ROLE}@/{database}?host={sockets}&port=5432"

    async def prepare(self) -> None:
        """Bring the files into a state in which the server starts."""
        self.place.make_folders()
        copy_programs(self.wheel, self.place)
        await ensure_data(self.place, ROLE, self.environment)
        await remove_leftovers(self.place)

    async def ready(self) -> bool:
        """Tell whether the database answers, after making it on the first occasion."""
        if await postgres_answers(self.dsn())():
            return True
        if await postgres_answers(self.dsn("postgres"))():
            await self._create_database()
        return False

    async def _create_database(self) -> None:
        connection = await asyncpg.connect(self.dsn("postgres"))
        try:
            known = await connection.fetchval(
                "SELECT true FROM pg_database WHERE datname = $1", DATABASE
            )
            if not known:
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            await connection.close()

    def part(self, log: Path) -> Part:
        """Describe it to the supervisor."""
        return Part(
            name="postgres",
            argv=(self.place.program("postgres"), "-D", str(self.place.data), *self._options()),
            environment=self.environment,
            log=log,
            identity=self.place.identity,
            prepare=self.prepare,
            ready=self.ready,
            attempts=ATTEMPTS,
            # Fast, immediate, none: the first rolls back and flushes, the others need recovery.
            stop_signals=(SIGINT, SIGQUIT, SIGKILL),
            death_signal=SIGINT,
        )

    def _options(self) -> list[str]:
        settings = {
            **SETTINGS,
            "unix_socket_directories": str(self.place.sockets),
            **self.settings,
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
