"""Runs a whole suite under load for long: ``python -m tests.load.soak``.

Readers come and go, prices are published, orders are recorded, history is asked for. After a
warm-up neither the memory nor the open files of any process may go on growing.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil
from tests.faults.publisher import Publisher
from tests.faults.witnesses import Recorder, meanwhile
from tests.system.deck import Deck, client_of, start, stop

from quarterdeck import AsyncClient
from quarterdeck.errors import UnannouncedGap, Unavailable
from quarterdeck.events import Event

READERS = 50
VISITS = 4
"""Readers that come and go at the same time."""
SAMPLE_S = 5.0
WARM_UP = 0.3
"""The part of the time in which caches and rings may fill."""
MOST_GROWTH = 0.10
MOST_BYTES, MOST_FILES = 16 << 20, 8
"""What a process may grow by in any case: allocators and pools keep some."""
SIDES = ("ORDER_SIDE_BUY", "ORDER_SIDE_SELL")
"""In turn: who only buys holds one more open lot with every fill, and those are to be kept."""
HELD = ("Pss_Anon:", "Pss_Shmem:")
"""What a process holds; pages of files are the system's, and come and go with other programs."""
HEADS = ("process", "memory, MiB", "grew", "files", "grew")


@dataclass(slots=True)
class Growth:
    """What one process held at each look."""

    memory: list[float] = field(default_factory=list)
    files: list[float] = field(default_factory=list)

    def row(self, name: str) -> tuple[str, ...]:
        memory, files = change(self.memory), change(self.files)
        last = self.memory[-1] / 2**20, self.files[-1]
        return name, f"{last[0]:.1f}", f"{memory / 2**20:+.1f}", f"{last[1]:.0f}", f"{files:+.1f}"

    def is_flat(self) -> bool:
        bytes_more = max(MOST_BYTES, MOST_GROWTH * self.memory[-1])
        files_more = max(MOST_FILES, MOST_GROWTH * self.files[-1])
        return change(self.memory) <= bytes_more and change(self.files) <= files_more


def change(values: Sequence[float]) -> float:
    """Return by how much the last third is above the first one after the warm-up."""
    settled = values[int(len(values) * WARM_UP) :]
    third = max(1, len(settled) // 3)
    return statistics.median(settled[-third:]) - statistics.median(settled[:third])


@dataclass(slots=True)
class Tally:
    """What the load came to."""

    events: int = 0
    visits: int = 0
    unannounced: int = 0


async def read(client: AsyncClient, tally: Tally, seconds: float) -> None:
    """Read every price for a while, and count."""
    async with client.watch("quotes/*", heartbeat_interval=timedelta(seconds=5)) as watch:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for item in watch:
                    tally.events += isinstance(item, Event)
                    tally.unannounced += isinstance(item, UnannouncedGap)


async def visit(client: AsyncClient, tally: Tally) -> None:
    """Come, read for a second, ask for some history, and go; for ever."""
    while True:
        await read(client, tally, 1.0)
        with suppress(Unavailable):
            await client.history.list_quotes(instrument="AAPL.XNAS", page_size=1_000)
            await client.portfolio.list_positions(account="SIM-001")
        tally.visits += 1


@asynccontextmanager
async def load(client: AsyncClient, tally: Tally, seconds: float) -> AsyncIterator[None]:
    """Put load on a deck until the block ends."""
    lasting = (read(client, tally, seconds) for _ in range(READERS))
    passing = (visit(client, tally) for _ in range(VISITS))
    async with AsyncExitStack() as stack:
        for work in (*lasting, *passing):
            await stack.enter_async_context(meanwhile(asyncio.ensure_future(work)))
        await stack.enter_async_context(Publisher(client).publishing())
        await stack.enter_async_context(Recorder(client, sides=SIDES).recording())
        yield


def processes(deck: Deck) -> Iterable[tuple[str, psutil.Process]]:
    """List the parts of a deck that run now, by name."""
    for name in ("postgres", "valkey", "services", "stream", "envoy", "node"):
        with suppress(psutil.Error, StopIteration):
            yield name, psutil.Process(deck.component(name).pid)


def look(deck: Deck, seen: dict[str, Growth]) -> None:
    for name, process in processes(deck):
        with suppress(psutil.Error, OSError):
            family = [process, *process.children(recursive=True)]
            one = seen.setdefault(name, Growth())
            one.memory.append(sum(held_bytes(each.pid) for each in family))
            one.files.append(sum(each.num_fds() for each in family))


def held_bytes(process: int) -> int:
    """Return the memory of a process, and its part of what it shares with others."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    lines = (line.split() for line in rollup.splitlines())
    return sum(int(words[1]) << 10 for words in lines if words[0] in HELD)


async def soak(deck: Deck, seconds: float) -> tuple[dict[str, Growth], Tally]:
    """Run the load and look at every process now and then."""
    seen: dict[str, Growth] = {}
    tally, until = Tally(), time.monotonic() + seconds
    async with client_of(deck) as client, load(client, tally, seconds + 60):
        while (left := until - time.monotonic()) > 0:
            await asyncio.to_thread(look, deck, seen)
            print(f"\r{left:5.0f} s left, {tally.events:,} events", end="", file=sys.stderr)
            await asyncio.sleep(min(SAMPLE_S, left))
    print(file=sys.stderr)
    return seen, tally


def report(seen: dict[str, Growth], tally: Tally) -> bool:
    """Print what was seen; tell whether it is well."""
    for cells in (HEADS, ["---"] * len(HEADS), *(one.row(name) for name, one in seen.items())):
        print(f"| {' | '.join(cells)} |")
    print(
        f"\n{tally.events:,} events read, {tally.visits:,} visits, {tally.unannounced} unannounced"
    )
    return all(one.is_flat() for one in seen.values()) and not tally.unannounced


def main() -> int:
    """Run a suite of its own, and fail when something grows or goes missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="60 for a full soak")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        deck = start(folder / "d")
        try:
            seen, tally = asyncio.run(soak(deck, options.minutes * 60))
        finally:
            stop(deck)
    return 0 if report(seen, tally) else 1


if __name__ == "__main__":
    raise SystemExit(main())
