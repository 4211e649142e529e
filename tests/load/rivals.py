"""The same work on other servers, side by side in one run.

A thousand readers, each with a connection of its own, want every event. Each server is given more
and more events a second; what counts is how many it delivers while it keeps up: at least 95 % of
what is published, at a 99th percentile of at most 250 ms. As written: one event a message, which
is how each server's users write it, and for us a stream as it is. Equal batching: ten events a
message for the others. The readers are the compiled one; a server that is absent is left out.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial

from tests.load.deck import Deck, Talker, deck, talking
from tests.load.readers import Readers, compiled, reading
from tests.load.results import ROOT, Figure, figure
from tests.load.shapes import Shape
from tests.load.table import Progress, show
from tests.load.window import feeding, streaming, timed

from quarterdeck_server.embedded.ports import CHOICES, is_free

READERS = 1_000
CHANNEL = "load"
PYTHON = ROOT / ".tools" / "peers" / "bin" / "python"
RATES = (50, 100, 200, 400, 800, 1_600, 3_200, 6_400)
BATCH = 10
LATE_MS = 250.0
ENOUGH = 0.95
WARM_S, WINDOW_S, PATIENCE_S = 0.5, 1.0, 10.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a server did at a rate."""

    server: str
    batch: int
    rate: int
    delivered_per_s: float
    p50_ms: float
    p99_ms: float
    faults: int
    cores: float

    @property
    def keeps_up(self) -> bool:
        """Whether the readers got what was published, and soon."""
        wanted = self.rate * READERS
        return self.delivered_per_s >= ENOUGH * wanted and self.p99_ms <= LATE_MS


@dataclass(frozen=True, slots=True)
class Rival:
    """A server that runs, and how it is fed and read."""

    name: str
    protocol: str
    port: int
    path: str
    pid: int
    feed: str
    environment: dict[str, str]


@contextmanager
def websocket(running: Deck) -> Iterator[Rival]:
    """Run FastAPI on uvicorn, fed by Redis pub/sub."""
    environment = {"REDIS_URL": running.bus}
    with talking([str(PYTHON), "tests/load/rival_websocket.py"], environment) as server:
        port = int(server.hear().split()[1])
        yield Rival(
            "uvicorn WebSockets", "websocket", port, "/load", server.pid, "redis", environment
        )


@contextmanager
def nats(running: Deck) -> Iterator[Rival]:
    """Run nats-server."""
    program = shutil.which("nats-server") or "/usr/sbin/nats-server"
    port = next(port for port in CHOICES if is_free(port))
    server = Talker([program, "-a", "127.0.0.1", "-p", str(port), "-l", os.devnull])
    try:
        time.sleep(0.5)
        environment = {"NATS_PORT": str(port)}
        yield Rival("nats-server", "nats", port, CHANNEL, server.pid, "nats", environment)
    finally:
        server.stop()


@contextmanager
def redis(running: Deck) -> Iterator[Rival]:
    """Use the deck's own Valkey, by pub/sub."""
    secret, _, place = running.bus.removeprefix("redis://:").partition("@")
    port = int(place.partition("/")[0].rpartition(":")[2])
    pid = running.pids["valkey"] or 0
    environment = {"REDIS_URL": running.bus, "LOAD_TOKEN": secret}
    yield Rival("Redis pub/sub", "redis", port, CHANNEL, pid, "redis", environment)


def attempt(rival: Rival, batch: int, rate: int) -> Attempt:
    """Publish at a rate and see what arrives."""
    options = {"protocol": rival.protocol, "host": "127.0.0.1", "port": rival.port}
    options |= {"path": rival.path, "streams": READERS, "connections": READERS}
    command = [compiled(), *(f"--{name}={value}" for name, value in options.items())]
    numbers = [f"--to={rival.feed}", f"--rate={rate}", f"--batch={batch}"]
    with ExitStack() as stack:
        readers = stack.enter_context(reading(command, environment=rival.environment))
        feed = [sys.executable, "-m", "tests.load.rival_feed", *numbers]
        stack.enter_context(talking(feed, rival.environment))
        return measured(readers, [rival.pid], Attempt(rival.name, batch, rate, 0, 0, 0, 0, 0))


def attempt_ours(running: Deck, rate: int) -> Attempt:
    """Do the same with streams of the deck."""
    shape = Shape("rivals", streams=READERS, connections=READERS, rate=rate)
    with streaming(running, shape) as readers, feeding(running, shape):
        return measured(readers, running.workers, Attempt("quarterdeck", 0, rate, 0, 0, 0, 0, 0))


def measured(readers: Readers, servers: list[int], about: Attempt) -> Attempt:
    """Measure a window of what is going on."""
    readers.await_events(PATIENCE_S)
    time.sleep(WARM_S)
    got, cores = timed(readers, servers, WINDOW_S)
    return replace(
        about,
        delivered_per_s=got["events"] / got["seconds"],
        p50_ms=got["p50_ms"],
        p99_ms=got["p99_ms"],
        faults=got["missing"] + got["repeated"],
        cores=cores,
    )


def climb(
    attempt_at: Callable[[int], Attempt], chances: int, start: int = RATES[0]
) -> list[Attempt]:
    """Raise the rate until the server does not keep up; each rate has some chances."""
    found: list[Attempt] = []
    for rate in RATES[RATES.index(start) :]:
        for _ in range(chances):
            found.append(attempt_at(rate))
            if found[-1].keeps_up:
                break
        else:
            break
    return found


def highest(attempts: list[Attempt]) -> int:
    """Return the highest rate at which the server kept up, the lowest of all if it never did."""
    return max((one.rate for one in attempts if one.keeps_up), default=RATES[0])


def best(attempts: list[Attempt]) -> float:
    """Return the most that was delivered while the server kept up."""
    return max((one.delivered_per_s for one in attempts if one.keeps_up), default=0.0)


def present() -> dict[str, object]:
    """Return the rivals this machine has, and say which it has not."""
    found: dict[str, object] = {"redis": redis}
    if PYTHON.exists():
        found["websocket"] = websocket
    else:
        sys.stderr.write("no .tools/peers: `python3 tools/environment.py peers` makes it\n")
    if shutil.which("nats-server") or os.access("/usr/sbin/nats-server", os.X_OK):
        found["nats"] = nats
    else:
        sys.stderr.write("no nats-server on this machine: it is left out\n")
    return found


def measure(samples: int) -> dict[str, Figure]:
    """Measure every server, in turn and so many times; return ratios of the bests."""
    subprocess.run([sys.executable, "tools/environment.py", "peers"], cwd=ROOT, check=False)
    rivals = present()
    rows: list[Attempt] = []
    bests: dict[str, list[float]] = {}
    with Progress(samples * (1 + 2 * len(rivals))) as progress:
        for _ in range(samples):
            for name, found in once(rivals, progress, min(2, samples)).items():
                rows += found
                bests.setdefault(name, []).append(best(found))
    heads = ("server", "batch", "rate", "delivered/s", "p50 ms", "p99 ms", "faults", "cores")
    show(heads, [[getattr(one, name) for name in Attempt.__slots__] for one in rows])
    return ratios(bests)


def once(rivals: dict[str, object], progress: Progress, chances: int) -> dict[str, list[Attempt]]:
    """Measure every server once."""
    found: dict[str, list[Attempt]] = {}
    with deck() as running:
        progress.step("quarterdeck")
        found["ours"] = climb(partial(attempt_ours, running), chances)
        for name, opened in rivals.items():
            start = RATES[0]
            for batch in (1, BATCH):
                progress.step(f"{name}, {batch} a message")
                with opened(running) as rival:  # type: ignore[operator]
                    rows = climb(partial(attempt, rival, batch), chances, start)
                found[f"{name}_{batch}"] = rows
                # With more events a message it does no worse: what it did is not asked again.
                start = highest(rows)
    return found


def ratios(bests: dict[str, list[float]]) -> dict[str, Figure]:
    """Return each server's best, and ours as a multiple of it."""
    found = {"rival_quarterdeck_per_s": figure(bests["ours"], "1/s")}
    for name, values in bests.items():
        if name == "ours":
            continue
        server, _, batch = name.partition("_")
        suffix = "" if batch == "1" else "_batched"
        found[f"rival_{server}{suffix}_per_s"] = figure(values, "1/s")
        if min(values):
            pairs = zip(bests["ours"], values, strict=True)
            found[f"vs_{server}{suffix}_ratio"] = figure([a / b for a, b in pairs], "x")
    return found
