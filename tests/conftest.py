"""Real servers for the tests: one PostgreSQL and one Valkey a session, a fresh database a test."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from quarterdeck_server.runtime.bus import LocalBus, RedisBus, redis_bus
from quarterdeck_server.runtime.migrations import migrate
from quarterdeck_server.runtime.postgres import Postgres, postgres
from quarterdeck_server.settings import PostgresSettings, RedisSettings
from tests.memory import quick_folder
from tests.vendors import vendor_beside

PROGRAM = Path(__file__).parent / "integration" / "embedded_program.py"
NUMBERS = itertools.count()
HASTE = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB"}


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the servers of this session answer."""

    dsn: str
    redis_url: str

    def database(self, name: str) -> str:
        """Return the address of another database of the same server."""
        base, _, query = self.dsn.partition("?")
        return f"{base.rpartition('/')[0]}/{name}?{query}"


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The servers, started when a test first asks for them."""
    with quick_folder("deck-") as folder:
        yield from run_servers(folder)


def run_servers(folder: Path) -> Iterator[Servers]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder / "s")],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    with process:
        lines = iter(process.stdout.readline, "")
        ready = next(line for line in lines if line.startswith("ready "))
        _, dsn, url, *_ = ready.split()
        asyncio.run(forgo_durability(dsn))
        yield Servers(dsn, url)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


async def forgo_durability(dsn: str) -> None:
    """Let nothing wait for a disk: these databases need not survive a power cut."""
    connection = await asyncpg.connect(dsn)
    for name, value in HASTE.items():
        await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


@pytest.fixture(scope="session")
def template(servers: Servers) -> str:
    """The name of a database with the whole schema, to copy from."""

    async def make() -> None:
        await command(servers, "CREATE DATABASE template_deck")
        await migrate(servers.database("template_deck"))

    asyncio.run(make())
    return "template_deck"


@asynccontextmanager
async def database(servers: Servers, template: str) -> AsyncIterator[str]:
    """Make a fresh database with the whole schema, and give its address until the block ends."""
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    await command(servers, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield servers.database(name)
    await command(servers, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def dsn(servers: Servers, template: str) -> AsyncIterator[str]:
    """The address of a fresh database with the whole schema."""
    async with database(servers, template) as made:
        yield made


async def command(servers: Servers, sql: str) -> None:
    """Run one statement that no transaction may hold."""
    connection = await asyncpg.connect(servers.dsn)
    await connection.execute(sql)
    await connection.close()


@pytest.fixture
async def store(dsn: str) -> AsyncIterator[Postgres]:
    """A pool on a fresh database."""
    async with postgres(dsn, PostgresSettings()) as opened:
        yield opened


@pytest.fixture
async def bus(servers: Servers) -> AsyncIterator[RedisBus]:
    """A bus of its own on the real Valkey."""
    settings = RedisSettings(stream=f"test:{os.getpid()}:{next(NUMBERS)}")
    async with redis_bus(servers.redis_url, settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def vendor_url() -> Iterator[str]:
    """Where a vendor on this machine answers as FRED and EDGAR."""
    with vendor_beside() as opened:
        yield opened.url


@pytest.fixture
def local_bus() -> LocalBus:
    """A bus within the process."""
    return LocalBus()
