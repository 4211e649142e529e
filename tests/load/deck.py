"""The deck under load: a real suite in a folder of its own, and programs that talk in lines."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests.examples import RPCS
from tests.protocols import Grpc

from quarterdeck_server.settings import StreamSettings

ROOT = Path(__file__).resolve().parents[2]
START_S = 60
PLENTY = "1000000"
GENEROUS = ("streams_per_principal", "subscriptions_per_stream", "opens_per_minute")


@dataclass(frozen=True, slots=True)
class Deck:
    """Where the parts of a running suite answer, and which processes they are."""

    edge: str
    services: str
    streams: list[str]
    bus: str
    password: str
    workers: list[int]
    pids: dict[str, int | None]
    page: str
    """The folder whose files the edge serves."""

    def token(self) -> str:
        """Sign in as the administrator and return an access token."""
        credential = {"password": {"principalId": "admin", "password": self.password}}
        answer = Grpc(self.edge).call(RPCS["TokenService/IssueToken"], credential)
        return str(answer["tokens"]["accessToken"])  # type: ignore[index,call-overload]

    def worker_bytes(self) -> int:
        """Return the memory of the stream workers that is theirs alone."""
        return sum(psutil.Process(pid).memory_full_info().uss for pid in self.workers)


def cpu_s(pids: Sequence[int]) -> float:
    """Return the processor time that processes have used."""
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


class Talker:
    """A program that obeys lines on its input and answers in lines on its output."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        paths = os.pathsep.join(path for path in (str(ROOT), *sys.path) if path)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": paths, **(environment or {})},
        )
        self.command = command

    @property
    def pid(self) -> int:
        return self._process.pid

    def say(self, text: str) -> None:
        """Tell it something."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """Return the next line it says; fails when it has ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.command[:4]} ended with {self._process.wait()}")
        return line.strip()

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        self._process.wait(60)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def talking(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    end: int = signal.SIGTERM,
) -> Iterator[Talker]:
    """Run a program until the block ends."""
    talker = Talker(command, environment)
    try:
        yield talker
    finally:
        talker.stop(end)


@contextmanager
def deck(**settings: str) -> Iterator[Deck]:
    """Run a suite with room for thousands of streams; settings as in the environment."""
    generous = [name for name in GENEROUS if name in StreamSettings.model_fields]
    environment = {f"QUARTERDECK_STREAM__{name}".upper(): PLENTY for name in generous}
    environment |= {"QUARTERDECK_MARKETDATA__REPLAY__AUTOSTART": "false", **settings}
    with tempfile.TemporaryDirectory(prefix="qd-load-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        command = [sys.executable, "-m", "tests.load.suite", f"{folder}/d"]
        with talking(command, environment, signal.SIGINT) as suite:
            word, _, where = suite.hear().partition(" ")
            assert word == "ready", where
            yield Deck(**json.loads(where))
