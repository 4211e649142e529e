"""A server process without a supervisor, on a database and a bus of its own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.system.deck import PATIENCE_S, wait_for

from quarterdeck import AsyncClient
from quarterdeck_server.embedded import credentials, demonstration
from quarterdeck_server.embedded.state import StateDirectory

PROGRAM = Path(__file__).with_name("serve_program.py")
AREAS = ("auth", "marketdata", "trading", "system", "stream")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def serving(dsn: str, redis_url: str, **settings: str) -> AsyncIterator["Server"]:
    """Every area in one process, in a folder and on a stream of the bus of its own."""
    with tempfile.TemporaryDirectory(prefix="serving-") as folder:
        where = {"DATABASE_URL": dsn, "REDIS_URL": redis_url}
        stream = {"QUARTERDECK_REDIS__STREAM": f"test:{Path(folder).name}"}
        made = Server(Path(folder), where | stream | settings)
        await asyncio.to_thread(made.start)
        yield made
        await asyncio.to_thread(made.end)


@dataclass(slots=True)
class Server:
    """Areas in one process, which can be killed and started again at its address."""

    folder: Path
    settings: Mapping[str, str]
    areas: Sequence[str] = AREAS
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def clock(self) -> Path:
        """Where the process reads by how many seconds its clock is wrong."""
        return self.folder / "clock"

    def client(self) -> AsyncClient:
        """Call it as the administrator, without an edge in between."""
        state = StateDirectory.at(self.folder)
        password = (state.secrets / "admin_password").read_text()
        return AsyncClient(self.address, password=("admin", password))

    def start(self) -> None:
        state = StateDirectory.at(self.folder)
        made = credentials.ensure(state).credentials
        if not self.clock.exists():
            self.clock.write_text("0")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "QUARTERDECK_AUTH__SIGNING_KEY_FILE": str(made.signing_key),
            "QUARTERDECK_AUTH__SEED_FILE": str(demonstration.write_seed(state, made)),
            "QUARTERDECK_SERVER__LISTEN": self.address,
            **self.settings,
        }
        with self._log().open("ab") as log:
            said = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, str(PROGRAM), str(self.clock), *self.areas],
                env=environment,
                stdout=log,
                stderr=log,
            )
        wait_for(lambda: self._log().read_bytes().find(b"serving ", said) >= 0 or self._ended())
        assert not self._ended(), self._log().read_text()

    def step(self, seconds: float) -> None:
        """Set the clock wrong by so much."""
        aside = self.clock.with_suffix(".new")
        aside.write_text(str(seconds))
        aside.rename(self.clock)

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(PATIENCE_S)

    def _log(self) -> Path:
        return self.folder / "server.log"

    def _ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None
