"""Runs the benchmarks and writes ``docs/benchmarks``: ``python -m tests.load [name ...]``."""

import argparse
import asyncio
from collections.abc import Callable

from tests.load import (
    analytics,
    browser,
    first_path,
    ingest,
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

type Bench = Callable[[int], dict[str, Figure]]

BENCHES: dict[str, Bench] = {
    "analytics": analytics.measure,
    "portfolio": portfolio.measure,
    "reports": reports.measure,
    "portfolio_rpc": lambda samples: asyncio.run(portfolio_rpc.measure(samples)),
    "trading": lambda samples: asyncio.run(trading.measure(samples)),
    "ingest": lambda samples: asyncio.run(ingest.measure(samples)),
    "streams": streams.measure,
    "peers": rivals.measure,
    "way": way.measure,
    "workers": workers.measure,
    "browser": browser.measure,
    "first_path": lambda samples: first_path.measure(samples, with_cold=True),
}


def main() -> None:
    """Run the named benchmarks, or all, and keep each as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--samples", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="one sample of each figure")
    options = parser.parse_args()
    for name in options.names or BENCHES:
        samples = 1 if options.quick else options.samples
        keep(BENCHES[name](samples), f"make bench ARGS={name}")


if __name__ == "__main__":
    main()
