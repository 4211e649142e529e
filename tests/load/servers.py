"""A database and a bus of their own, for what is measured within one process."""

import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.load.deck import talking

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
