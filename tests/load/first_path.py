"""Measures what a user meets first, on a clone of its own: ``python -m tests.load.first_path``.

A cold start from empty caches, warm starts until a price moves at a gRPC-Web reader, and the memory
of the idle suite.
"""

import argparse
import os
import re
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import psutil
from tests.examples import RPCS
from tests.load.results import Figure, figure, keep
from tests.protocols import Grpc

ROOT = Path(__file__).resolve().parents[2]
COLD_LIMIT_S = 900
WARM_LIMIT_S = 120
SETTLE_S = 45


class Run:
    """``make run`` in a clone."""

    def __init__(self, clone: Path, environment: dict[str, str]) -> None:
        self.log = clone.parent / "run.log"
        self.started = time.perf_counter()
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                ["make", "run"], cwd=clone, env=environment, stdout=out, stderr=out
            )
        self.clone = clone

    def wait(self, limit_s: float) -> float:
        """Wait until a price moves at a gRPC-Web reader; return the seconds since the start."""
        address = self._address(limit_s)
        token = sign_in(address, self.password())
        first_price(address, token)
        return time.perf_counter() - self.started

    def _address(self, limit_s: float) -> str:
        while time.perf_counter() - self.started < limit_s:
            if found := re.search(r"Dashboard\s+http://(\S+)", self.log.read_text()):
                return found[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(self.log.read_text()[-2_000:])

    def wait_and_stop(self, limit_s: float) -> float:
        """Wait until a price moves, end the suite, and return the seconds it took."""
        seconds = self.wait(limit_s)
        self.stop()
        return seconds

    def password(self) -> str:
        return (self.clone / ".quarterdeck/secrets/admin_password").read_text().strip()

    def port(self, name: str) -> int:
        text = (self.clone / ".quarterdeck/ports.json").read_text()
        found = re.search(rf'"{name}": (\d+)', text)
        assert found is not None
        return int(found[1])

    def processes(self) -> list[psutil.Process]:
        main = psutil.Process(self.process.pid)
        return [main, *main.children(recursive=True)]

    def stop(self) -> None:
        supervisor = next(p for p in self.processes() if "quarterdeck_server.cli" in p.cmdline())
        supervisor.send_signal(signal.SIGINT)
        self.process.wait(60)


@contextmanager
def cloned(*, empty_caches: bool) -> Iterator[tuple[Path, dict[str, str]]]:
    """Clone the committed state; with caches of its own if they are to be empty."""
    with tempfile.TemporaryDirectory(prefix="qd-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        place.chmod(0o755)
        clone = place / "clone"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        environment = dict(os.environ)
        environment.pop("VIRTUAL_ENV", None)
        if empty_caches:
            caches = {"UV_CACHE_DIR": "uv", "npm_config_cache": "npm", "PIP_CACHE_DIR": "pip"}
            environment |= {name: str(place / cache) for name, cache in caches.items()}
        yield clone, environment


def sign_in(address: str, password: str) -> str:
    """Return an access token of the administrator."""
    credential = {"password": {"principalId": "admin", "password": password}}
    answer = Grpc(address).call(RPCS["TokenService/IssueToken"], credential)
    return str(answer["tokens"]["accessToken"])  # type: ignore[index,call-overload]


def first_price(address: str, token: str) -> None:
    """Read with gRPC-Web, as the browser does, until a second quote of an instrument came."""
    watch = RPCS["StreamService/Watch"]
    request = watch.request(subscriptions=[{"topic": "quotes/*"}]).SerializeToString()
    http = HTTPConnection(address, timeout=30)
    headers = {"content-type": "application/grpc-web+proto", "authorization": f"Bearer {token}"}
    http.request("POST", watch.path, struct.pack(">BI", 0, len(request)) + request, headers)
    response = http.getresponse()
    seen: dict[str, int] = {}
    while True:
        _, size = struct.unpack(">BI", response.read(5))
        for event in watch.response.FromString(response.read(size)).events:
            if event.sequence > seen.setdefault(event.topic, event.sequence):
                http.close()
                return


def memory_mib(run: Run) -> float:
    """Return the proportional memory of every process of the suite."""
    return sum(p.memory_full_info().pss for p in run.processes()) / 2**20


def measure(samples: int, *, with_cold: bool) -> dict[str, Figure]:
    """Measure everything, on clones that are removed afterwards."""
    found = {}
    if with_cold:
        with cloned(empty_caches=True) as (clone, environment):
            run = Run(clone, environment)
            found["run_cold_s"] = figure([run.wait(COLD_LIMIT_S)], "s")
            run.stop()
    with cloned(empty_caches=False) as (clone, environment):
        Run(clone, environment).wait_and_stop(COLD_LIMIT_S)
        warm = [Run(clone, environment).wait_and_stop(WARM_LIMIT_S) for _ in range(samples)]
        found["run_warm_s"] = figure(warm, "s")
        found |= measure_idle(Run(clone, environment), samples)
    return found


def measure_idle(run: Run, samples: int) -> dict[str, Figure]:
    """Measure the memory of a suite that only plays."""
    run.wait(WARM_LIMIT_S)
    time.sleep(SETTLE_S)
    found = {"idle_rss_mib": figure([memory_mib(run) for _ in range(samples)], "MiB (PSS)")}
    run.stop()
    return found


def main() -> None:
    """Measure, and keep what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--no-cold", action="store_true", help="spare the start with empty caches")
    options = parser.parse_args()
    figures = measure(options.samples, with_cold=not options.no_cold)
    keep(figures, "python -m tests.load.first_path")


if __name__ == "__main__":
    main()
