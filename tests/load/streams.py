"""Load on stream workers: the shapes of the targets, or one of any shape, which is only shown.

    python -m tests.load.streams --streams 1000 --rate 5000 --via envoy --seconds 5

The worker, the publisher and the readers are processes of their own; between publisher and worker
is a real bus. The compiled reader checks every event for its sequence number and is never the
limit; the plain grpcio readers check the same as a desk's own Python does.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.load import shapes
from tests.load.deck import Deck, deck
from tests.load.results import Figure, figure
from tests.load.shapes import Shape
from tests.load.table import Progress, show
from tests.load.window import Window, streaming, windows

WINDOW_S = 3.0
WARM_S = 4.0
HEADS = (
    *("load", "streams", "published/s", "wanted/s", "delivered/s", "frames/s"),
    *("p50 ms", "p99 ms", "max ms"),
    *("faults", "ended", "worker cores", "reader cores", "worker MiB"),
)


def row(one: Window) -> list[object]:
    """Return a window as a row of the table."""
    return [
        *(one.shape.name, one.shape.streams, one.published_per_s, one.shape.wanted_per_s),
        *(one.delivered_per_s, one.frames_per_s, one.p50_ms, one.p99_ms, one.max_ms),
        *(one.faults, one.ended),
        *(one.worker_cores, one.reader_cores, one.worker_mib),
    ]


def middle(found: Sequence[Window]) -> Window:
    """Return the window in the middle by its delay, with the faults of all."""
    chosen = sorted(found, key=lambda one: one.p99_ms)[len(found) // 2]
    faults = sum(one.faults for one in found)
    return replace(chosen, faults=faults, ended=max(one.ended for one in found))


def figures_of(found: Sequence[Window], prefix: str) -> dict[str, Figure]:
    """Return the two figures that each shape has."""
    return {
        f"{prefix}_events_per_s": figure([one.delivered_per_s for one in found], "1/s"),
        f"{prefix}_p99_ms": figure([one.p99_ms for one in found], "ms"),
    }


def memory_per_stream_kb(running: Deck, shape: Shape) -> tuple[float, int]:
    """Return what a held stream costs the worker, and how many were held."""
    before = running.worker_bytes()
    with streaming(running, shape) as readers:
        time.sleep(WARM_S)
        readers.measure()
        time.sleep(1)
        held = shape.streams - readers.report()["ended"]
        return (running.worker_bytes() - before) / held / 1_000, held


class Bench:
    """Measures shapes one after another, each on a deck of its own, and remembers the rows."""

    def __init__(self, samples: int, progress: Progress) -> None:
        self.rows: list[list[object]] = []
        self._samples = samples
        self._progress = progress

    def run(self, shape: Shape) -> list[Window]:
        """Measure a shape."""
        self._progress.step(shape.name)
        with deck() as running:
            found = windows(running, shape, self._samples, WINDOW_S, WARM_S)
        self.rows.append(row(middle(found)))
        return found

    def held(self) -> dict[str, Figure]:
        """Measure the memory of streams that are only held."""
        self._progress.step(shapes.HELD.name)
        with deck() as running:
            each_kb, held = memory_per_stream_kb(running, shapes.HELD)
        return {
            "held_streams": figure([held], "streams"),
            "memory_per_stream_kb": figure([each_kb], "kB"),
        }

    def stuck(self, undisturbed: Sequence[Window]) -> dict[str, Figure]:
        """Measure what readers that never read take from the others, and hold for themselves."""
        alone = statistics.median(one.share for one in undisturbed)
        disturbed = self.run(shapes.STUCK)
        losses = [max(0.0, 100 * (1 - one.share / alone)) for one in disturbed]
        calm_mib = statistics.median(one.worker_mib for one in undisturbed)
        held = [max(0.0, one.worker_mib - calm_mib) / shapes.STUCK.stuck for one in disturbed]
        calm_ms = statistics.median(one.p99_ms for one in undisturbed)
        return {
            "stuck_reader_loss_pct": figure(losses, "%"),
            "stuck_reader_mib": figure(held, "MiB"),
            "stuck_reader_p99_ratio": figure([one.p99_ms / calm_ms for one in disturbed], "x"),
        }


def measure(samples: int) -> dict[str, Figure]:
    """Measure every shape of the targets."""
    with Progress(len(shapes.EVERY)) as progress:
        bench = Bench(samples, progress)
        broadcast = bench.run(shapes.BROADCAST)
        found = figures_of(broadcast, "fanout_1000")
        found |= figures_of(bench.run(shapes.MIXED), "fanout_mixed")
        few = bench.run(shapes.FEW)
        found["fanout_50_per_stream_p99_ms"] = figure([one.p99_ms for one in few], "ms")
        found["fanout_50_per_stream_cores"] = figure([one.worker_cores for one in few], "cores")
        found |= bench.stuck(broadcast)
        found |= figures_of(bench.run(shapes.ENVOY), "fanout_1000_envoy")
        found |= figures_of(bench.run(shapes.WEB), "fanout_1000_web")
        found |= figures_of(bench.run(shapes.CHECKED), "fanout_grpcio")
        found |= bench.held()
    show(HEADS, bench.rows)
    return found


def parsed() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known: dict[str, Callable[[str], object]] = {
        **dict.fromkeys(("streams", "connections", "rate", "topics", "picks"), int),
        **dict.fromkeys(("stuck", "processes"), int),
        **dict.fromkeys(("via", "reader", "protocol"), str),
    }
    for name, kind in known.items():
        parser.add_argument(f"--{name}", type=kind)
    parser.add_argument("--shape", choices=[one.name for one in shapes.EVERY])
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=WINDOW_S)
    parser.add_argument("--warm", type=float, default=WARM_S)
    parser.add_argument("--quick", action="store_true", help="one window each")
    return parser.parse_args()


def main() -> None:
    """Measure one shape."""
    options = parsed()
    samples = 1 if options.quick else options.samples
    given = {
        name: value
        for name, value in vars(options).items()
        if name in Shape.__slots__ and value is not None
    }
    known = {one.name: one for one in shapes.EVERY}
    shape = replace(known.get(options.shape, Shape("as asked")), **given)
    with deck() as running:
        if shape.name == shapes.HELD.name:
            show(("kB a stream", "held"), [memory_per_stream_kb(running, shape)])
            return
        found = windows(running, shape, samples, options.seconds, options.warm)
    show(HEADS, [row(one) for one in found])


if __name__ == "__main__":
    main()
