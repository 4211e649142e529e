"""How long readers are without events when their stream worker is killed, through the edge."""

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

from tests.instruments import share
from tests.load.deck import Deck, deck
from tests.load.results import Figure, figure

from quarterdeck import AsyncClient
from quarterdeck.errors import UnannouncedGap, Unavailable
from quarterdeck.events import Disconnected, Event, Gap
from quarterdeck.publishing import Quotes

READERS = 200
CLIENTS = 4
PAUSE_S = 0.02
PATIENCE_S = 30.0
INSTRUMENT = "RELAY.XNAS"


@dataclass(slots=True)
class Reader:
    """A stream, when it was last heard of, and whether something in it was wrong."""

    heard_at: float = 0.0
    longest_s: float = 0.0
    breaks: int = 0
    faults: int = 0
    place: tuple[int, int] = field(default=(0, 0))

    async def read(self, client: AsyncClient) -> None:
        """Read for ever."""
        async with client.watch(f"quotes/{INSTRUMENT}") as watch:
            async for item in watch:
                self.breaks += isinstance(item, Disconnected)
                self.faults += isinstance(item, UnannouncedGap | Gap)
                if isinstance(item, Event):
                    self._take(item)

    def _take(self, event: Event) -> None:
        now = time.monotonic()
        if self.heard_at:
            self.longest_s = max(self.longest_s, now - self.heard_at)
            self.faults += (event.epoch, event.sequence) != self.place
        self.heard_at = now
        self.place = (event.epoch, event.sequence + event.row_count)


def measure(samples: int) -> dict[str, Figure]:
    """Kill workers and return for how long the last reader was without events."""
    found: list[float] = []
    while len(found) < samples:
        with deck(QUARTERDECK_STREAM__WORKERS="2") as running:
            found += asyncio.run(_killed(running, min(2, samples - len(found))))
    return {"worker_kill_resume_s": figure(found, "s")}


async def _killed(running: Deck, times: int) -> list[float]:
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                AsyncClient(running.edge, password=("admin", running.password))
            )
            for _ in range(CLIENTS)
        ]
        readers = [Reader() for _ in range(READERS)]
        tasks = [asyncio.create_task(_publish(clients[0]))]
        tasks += [
            asyncio.create_task(reader.read(clients[place % CLIENTS]))
            for place, reader in enumerate(readers)
        ]
        try:
            return [await _kill(pid, readers) for pid in running.workers[:times]]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _kill(pid: int, readers: list[Reader]) -> float:
    await _all_heard_since(readers, time.monotonic())
    await asyncio.sleep(3)  # a worker that was killed before is back, and serves new streams
    for reader in readers:
        reader.longest_s, reader.breaks = 0.0, 0
    os.kill(pid, signal.SIGKILL)
    await asyncio.sleep(1)
    await _all_heard_since(readers, time.monotonic())
    broken = [reader for reader in readers if reader.breaks]
    assert broken, "no stream was at the killed worker"
    assert not sum(reader.faults for reader in readers), "something is missing or came twice"
    return max(reader.longest_s for reader in broken)


async def _all_heard_since(readers: list[Reader], moment: float) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while any(reader.heard_at < moment for reader in readers):
        assert time.monotonic() < deadline, "some streams did not come back"
        await asyncio.sleep(PAUSE_S)


async def _publish(client: AsyncClient) -> None:
    await client.instruments.upsert_instrument(instrument=share(INSTRUMENT))
    while True:
        quotes = Quotes(
            instrument=INSTRUMENT,
            price_precision=2,
            size_precision=0,
            event_time_ns=[time.time_ns()],
            bid_price=[100],
            ask_price=[101],
            bid_size=[1],
            ask_size=[1],
        )
        with suppress(Unavailable):
            await client.publish(quotes=[quotes])
        await asyncio.sleep(PAUSE_S)
