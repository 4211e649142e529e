"""Real servers for the tests: one PostgreSQL and one Valkey a session, a fresh database a test."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from quarterdeck_server.runtime.bus import LocalBus, RedisBus, redis_bus
from quarterdeck_server.runtime.migrations import migrate
from quarterdeck_server.runtime.postgres import Postgres, postgres
from quarterdeck_server.settings import PostgresSettings, RedisSettings
from tests.vendors import vendor_beside

PROGRAM = Path(__file__).parent / "integration" / "embedded_program.py"
NUMBERS = itertools.count()


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
    # Not among pytest's folders, of which another session may remove the oldest; short, since
    # the path of a unix socket has at most 107 bytes; readable for PostgreSQL's account.
    with TemporaryDirectory(prefix="deck-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
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
        yield Servers(dsn, url)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@pytest.fixture(scope="session")
def template(servers: Servers) -> str:
    """The name of a database with the whole schema, to copy from."""

    async def make() -> None:
        connection = await asyncpg.connect(servers.dsn)
        await connection.execute("CREATE DATABASE template_deck")
        await connection.close()
        await migrate(servers.database("template_deck"))

    asyncio.run(make())
    return "template_deck"


@pytest.fixture
async def dsn(servers: Servers, template: str) -> str:
    """The address of a fresh database with the whole schema."""
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    connection = await asyncpg.connect(servers.dsn)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    await connection.close()
    return servers.database(name)


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
