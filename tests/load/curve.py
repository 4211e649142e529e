"""Throughput and delay against the number of streams: ``python -m tests.load.curve``.

Every stream wants every event, of which 1,000 are published a second; and, as another line, 100.
Writes ``docs/benchmarks/fanout-throughput.svg`` and ``fanout-latency.svg``, and the points beside.
"""

import argparse
import json
from collections.abc import Sequence

from tests.load.deck import deck
from tests.load.plot import Points, chart
from tests.load.results import RESULTS, commit, machine
from tests.load.shapes import Shape
from tests.load.streams import HEADS, row
from tests.load.table import Progress, show
from tests.load.window import Window, windows

FOLDER = RESULTS.parent
STREAMS = (1, 10, 100, 300, 1_000, 2_000, 5_000)
RATES = (100, 1_000)
MOST_CONNECTIONS = 100
WINDOW_S, WARM_S = 2.0, 2.0
WARM_S_PER_STREAM = 0.001


def shapes(rate: int) -> list[Shape]:
    """Return the loads of a line."""
    return [
        Shape(f"{rate}/s", streams=one, connections=min(one, MOST_CONNECTIONS), rate=rate)
        for one in STREAMS
    ]


def line(rate: int, progress: Progress) -> list[Window]:
    """Measure a line, each point on a deck of its own, which has no topics of an earlier one."""
    found = []
    for shape in shapes(rate):
        progress.step(f"{shape.streams} streams, {rate} events/s")
        with deck() as running:
            warm_s = WARM_S + WARM_S_PER_STREAM * shape.streams
            found += windows(running, shape, 1, WINDOW_S, warm_s)
    return found


def draw(lines: dict[int, list[Window]]) -> None:
    """Write the charts, and the points they are made of."""

    def points(measure: str) -> dict[str, Points]:
        return {
            f"{rate:,} events/s published": [
                (one.shape.streams, getattr(one, measure)) for one in found
            ]
            for rate, found in lines.items()
        }

    throughput = chart(
        "Events delivered by one worker", "streams", "events/s", points("delivered_per_s")
    )
    latency = chart("Delay from publisher to reader, p99", "streams", "ms", points("p99_ms"))
    (FOLDER / "fanout-throughput.svg").write_text(throughput)
    (FOLDER / "fanout-latency.svg").write_text(latency)
    facts = {"commit": commit(), "machine": machine(), "lines": {}}
    facts["lines"] = {rate: [_point(one) for one in found] for rate, found in lines.items()}
    (FOLDER / "fanout-curve.json").write_text(json.dumps(facts, indent=2) + "\n")


def _point(one: Window) -> dict[str, float]:
    names: Sequence[str] = ("delivered_per_s", "p50_ms", "p99_ms", "worker_cores", "faults")
    return {"streams": one.shape.streams} | {name: round(getattr(one, name), 3) for name in names}


def main() -> None:
    """Measure and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one line instead of two")
    options = parser.parse_args()
    rates = RATES[-1:] if options.quick else RATES
    with Progress(len(rates) * len(STREAMS)) as progress:
        lines = {rate: line(rate, progress) for rate in rates}
    show(HEADS, [row(one) for found in lines.values() for one in found])
    draw(lines)


if __name__ == "__main__":
    main()
