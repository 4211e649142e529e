"""One load on one deck, measured in windows of some seconds."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.load.deck import Deck, Talker, cpu_s, talking
from tests.load.readers import FAULTS, Readers, watching
from tests.load.shapes import Shape

SETTLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Window:
    """What happened in some seconds."""

    shape: Shape
    published_per_s: float
    delivered_per_s: float
    frames_per_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    faults: int
    ended: int
    worker_cores: float
    reader_cores: float
    worker_mib: float

    @property
    def share(self) -> float:
        """How much of what was wanted came in time."""
        return self.delivered_per_s / self.shape.wanted_per_s if self.shape.wanted_per_s else 1.0


@contextmanager
def feeding(running: Deck, shape: Shape) -> Iterator[Talker]:
    """Publish until the block ends."""
    numbers = [f"--rate={shape.rate}", f"--topics={shape.topics}"]
    command = [sys.executable, "-m", "tests.load.feed", *numbers]
    with talking(command, {"QUARTERDECK_REDIS__URL": running.bus}) as talker:
        yield talker


@contextmanager
def streaming(running: Deck, shape: Shape) -> Iterator[Readers]:
    """Open the streams of a shape until the block ends."""
    address = running.edge if shape.via == "envoy" else running.streams[0]
    with watching(
        address,
        running.token(),
        shape.requests(),
        streams=shape.streams,
        connections=shape.connections,
        stuck=shape.stuck,
        reader=shape.reader,
        protocol=shape.protocol,
        processes=shape.processes,
    ) as readers:
        yield readers


def windows(running: Deck, shape: Shape, count: int, seconds: float, warm_s: float) -> list[Window]:
    """Open the streams, publish, and measure some windows after a while."""
    with streaming(running, shape) as readers:
        time.sleep(SETTLE_S)
        with feeding(running, shape) as feed:
            time.sleep(warm_s)
            return [window(running, shape, readers, feed, seconds) for _ in range(count)]


def window(running: Deck, shape: Shape, readers: Readers, feed: Talker, seconds: float) -> Window:
    """Measure one window."""
    feed.say("measure")
    got, cores = timed(readers, running.workers, seconds)
    feed.say("report")
    fed = json.loads(feed.hear())
    return _window(shape, got, fed, cores, running.worker_bytes() / 2**20)


def timed(readers: Readers, pids: Sequence[int], seconds: float) -> tuple[dict[str, Any], float]:
    """Let some seconds pass; return what the readers got, and the cores the processes took."""
    readers.measure()
    before, started = cpu_s(pids), time.monotonic()
    time.sleep(seconds)
    cores = (cpu_s(pids) - before) / (time.monotonic() - started)
    return readers.report(), cores


def _window(
    shape: Shape, got: dict[str, Any], fed: dict[str, Any], cores: float, mib: float
) -> Window:
    return Window(
        shape=shape,
        published_per_s=fed["published"] / fed["seconds"],
        delivered_per_s=got["events"] / got["seconds"],
        frames_per_s=got["frames"] / got["seconds"],
        p50_ms=got["p50_ms"],
        p99_ms=got["p99_ms"],
        max_ms=got["max_ms"],
        faults=sum(got[name] for name in FAULTS),
        ended=got["ended"],
        worker_cores=cores,
        reader_cores=got["cpu_s"] / got["seconds"],
        worker_mib=mib,
    )
