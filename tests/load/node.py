"""Measures what the orders of a node leave in its memory: ``python -m tests.load.node``.

The engine as a node sets it up, without a deck. Positions turn with each order, and what is over is
forgotten after a hundred orders. The first thousands fill what is kept, and touch tables that the
engine has made for names; after those a row tells what goes on.
"""

import argparse
import asyncio
import gc
import os
import sys
import tempfile
from pathlib import Path

from tests.load.soak import held_bytes
from tests.unit.node.alone import alone

ROW = 5_000
HEADS = ("orders", "memory, MiB", "bytes more an order", "objects more an order")


async def measure(orders: int, folder: Path) -> None:
    """Trade, and print a row now and then."""
    for cells in (HEADS, ["---"] * len(HEADS)):
        print(f"| {' | '.join(cells)} |")
    async with alone(folder) as node:
        bytes_before, blocks_before = held()
        for _ in range(orders // ROW):
            await node.trade(ROW)
            now, blocks = held()
            more = (now - bytes_before) / ROW, (blocks - blocks_before) / ROW
            told = f"{now / 2**20:.1f} | {more[0]:+.0f} | {more[1]:+.3f}"
            print(f"| {node.strategy.filled:,} | {told} |", flush=True)
            bytes_before, blocks_before = now, blocks


def held() -> tuple[int, int]:
    """Return the memory of this process, and how many blocks of it Python has."""
    gc.collect()
    return held_bytes(os.getpid()), sys.getallocatedblocks()


def main() -> None:
    """Measure on one process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=50_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alone-") as folder:
        asyncio.run(measure(options.orders, Path(folder)))


if __name__ == "__main__":
    main()
