"""Runs the benchmarks and writes ``docs/benchmarks``: ``python -m tests.load [name ...]``.

``--no-keep`` shows what was measured and writes nothing.
"""

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from tests.load import (
    analytics,
    browser,
    execution,
    first_path,
    ingest,
    late,
    portfolio,
    portfolio_rpc,
    reports,
    rivals,
    streams,
    trading,
    way,
    workers,
)
from tests.load.results import Figure, keep
from tests.load.table import show

type Bench = Callable[[int], dict[str, Figure]]


def awaited(measure: Callable[[int], Coroutine[Any, Any, dict[str, Figure]]]) -> Bench:
    """Run what measures on an event loop."""
    return lambda samples: asyncio.run(measure(samples))


BENCHES: dict[str, Bench] = {
    "analytics": analytics.measure,
    "portfolio": portfolio.measure,
    "reports": reports.measure,
    "portfolio_rpc": awaited(portfolio_rpc.measure),
    "trading": awaited(trading.measure),
    "execution": awaited(execution.measure),
    "late": awaited(late.measure),
    "ingest": awaited(ingest.measure),
    "streams": streams.measure,
    "peers": rivals.measure,
    "way": way.measure,
    "workers": workers.measure,
    "browser": browser.measure,
    "first_path": lambda samples: first_path.measure(samples, with_cold=True),
}


def main() -> None:
    """Run the named benchmarks, or all; show and keep each as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--samples", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="one sample of each figure")
    parser.add_argument("--no-keep", action="store_true", help="show only")
    options = parser.parse_args()
    if unknown := set(options.names) - BENCHES.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; of {', '.join(BENCHES)}")
    for name in options.names or BENCHES:
        samples = 1 if options.quick else options.samples
        found = BENCHES[name](samples)
        show(("figure", "value", "unit"), [(name, f.value, f.unit) for name, f in found.items()])
        if not options.no_keep:
            keep(found, f"make bench ARGS={name}")


if __name__ == "__main__":
    main()
