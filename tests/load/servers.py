"""A database and a bus of their own, for what is measured within one process."""

import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from tests.load.deck import talking

from quarterdeck_server.runtime.migrations import migrate
from quarterdeck_server.runtime.postgres import Postgres, postgres
from quarterdeck_server.settings import PostgresSettings

PROGRAM = Path(__file__).parents[1] / "integration" / "embedded_program.py"


@contextmanager
def servers() -> Iterator[tuple[str, str]]:
    """Run PostgreSQL and Valkey until the block ends; return their addresses."""
    with tempfile.TemporaryDirectory(prefix="qd-load-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with talking([sys.executable, str(PROGRAM), f"{folder}/s"], end=signal.SIGINT) as program:
            lines = iter(program.hear, "")
            _, dsn, url, *_ = next(line for line in lines if line.startswith("ready ")).split()
            yield dsn, url


@asynccontextmanager
async def database() -> AsyncIterator[Postgres]:
    """Open a database with the whole schema on a server of its own."""
    with servers() as (dsn, _):
        await migrate(dsn)
        async with postgres(dsn, PostgresSettings()) as store:
            yield store
