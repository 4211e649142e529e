"""Starts readers, compiled or in plain grpcio, and sums up what they report."""

import functools
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.load.deck import Talker, talking

SOURCES = Path(__file__).parent / "compiled"
WATCH = "/quarterdeck.api.stream.v1.StreamService/Watch"
SUMS = ("streams", "events", "frames", "bytes", "ended")
FAULTS = ("missing", "repeated", "gaps", "skipped")
CONTENT_TYPES = {"grpc": "application/grpc", "web": "application/grpc-web+proto"}


@functools.cache
def compiler() -> str | None:
    """Return a C compiler, if this machine has one."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


@functools.cache
def compiled() -> str:
    """Compile the reader for this run and return where it is."""
    if (program := compiler()) is None:
        raise SystemExit("there is no C compiler: choose --reader grpcio")
    place = Path(tempfile.mkdtemp(prefix="qd-reader-")) / "reader"
    sources = [str(file) for file in sorted(SOURCES.glob("*.c"))]
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([program, *flags, "-o", str(place), *sources], check=True)
    return str(place)


class Readers:
    """Reader processes that measure together."""

    def __init__(self, talkers: Sequence[Talker]) -> None:
        self._talkers = talkers
        for talker in talkers:
            heard = talker.hear()
            assert heard == "open", heard

    def measure(self) -> None:
        """Begin to count anew."""
        for talker in self._talkers:
            talker.say("measure")

    def await_events(self, patience_s: float) -> None:
        """Wait until something comes; give up after a while, as the report will tell."""
        self.measure()
        give_up_at = time.monotonic() + patience_s
        while not self.report()["events"] and time.monotonic() < give_up_at:
            time.sleep(0.05)

    def report(self) -> dict[str, Any]:
        """Return what all got since: sums, and of the delays the worst process'."""
        for talker in self._talkers:
            talker.say("report")
        found = [json.loads(talker.hear()) for talker in self._talkers]
        total: dict[str, Any] = {name: sum(one[name] for one in found) for name in (*SUMS, *FAULTS)}
        delays = ("p50_ms", "p90_ms", "p99_ms", "max_ms", "cpu_s", "seconds")
        return total | {name: max(one[name] for one in found) for name in delays}


@contextmanager
def reading(
    command: Sequence[str], processes: int = 1, environment: dict[str, str] | None = None
) -> Iterator[Readers]:
    """Run reader processes until the block ends."""
    with ExitStack() as stack:
        talkers = [stack.enter_context(talking(command, environment)) for _ in range(processes)]
        yield Readers(talkers)


@contextmanager
def watching(
    address: str,
    token: str,
    requests: Sequence[bytes],
    *,
    streams: int,
    connections: int,
    stuck: int = 0,
    reader: str = "compiled",
    protocol: str = "grpc",
    processes: int = 1,
) -> Iterator[Readers]:
    """Open streams of Watch, stream i with the request i, and around."""
    host, _, port = address.rpartition(":")
    with tempfile.NamedTemporaryFile(prefix="qd-requests-") as file:
        file.write(b"".join(struct.pack("<I", len(one)) + one for one in requests))
        file.flush()
        each = {"streams": streams // processes, "connections": max(1, connections // processes)}
        shared = [f"--{name}={value}" for name, value in each.items()] + [f"--requests={file.name}"]
        if reader == "grpcio":
            command = [sys.executable, "-m", "tests.load.reader", f"--address={address}", *shared]
        else:
            kind = f"--content-type={CONTENT_TYPES[protocol]}"
            where = [f"--host={host}", f"--port={port}", f"--path={WATCH}", kind]
            command = [compiled(), *where, f"--stuck={stuck}", *shared]
        with reading(command, processes, {"LOAD_TOKEN": token}) as readers:
            yield readers
