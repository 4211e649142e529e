"""Measures fills and splits that come late, on a position with 50,000 fills.

``python -m tests.load late``. Real PostgreSQL, real gRPC on loopback. Beside how long a call takes
it measures for how long at a stretch nothing else of the process had its turn meanwhile, and the
same of telling the past of curves anew.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.integration.trading import events
from tests.integration.trading.conftest import Client, Deck, deck_on
from tests.load.results import Figure, figure
from tests.load.servers import database

from quarterdeck.api.trading.v1.trading_event_pb2 import TradingEvent
from quarterdeck_server.runtime import garbage
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.runtime.compute import take_turns
from quarterdeck_server.settings import TradingSettings
from quarterdeck_server.trading import restater

FILLS = 50_000
FILLS_PER_CALL = 500
SPLIT_HOLDERS = 1_000
SECONDS_LATE = 10.5
BEAT_S = 0.001


type Measured = tuple[float, float, float, float]
"""Seconds: of a call, of the longest stall amid it, and the same of telling curves anew."""


@dataclass(slots=True)
class Stall:
    """The longest time for which the event loop did not come back."""

    longest_s: float = 0.0


async def measure(samples: int) -> dict[str, Figure]:
    """Measure every figure on a database of its own."""
    take_turns()
    # The past of curves is told anew when it is measured, and not in between.
    restater.LOOK_EVERY_S = 3_600
    async with database() as store, deck_on(store, LocalBus(), TradingSettings()) as deck:
        ada = await deck.client()
        await ada.nodes.RegisterNode(events.registration())
        await record_life(ada)
        garbage.settle()
        # As the server does by itself within a minute.
        await store.execute("ANALYZE trading.fill")
        usual = await late(deck, ada, samples, FILLS - SECONDS_LATE)
        oldest = await late(deck, ada, samples, 0.5)
        await hold(ada)
        return {
            **named("late_fill", usual),
            **named("oldest_fill", oldest),
            **named("split", await split(deck, ada, samples)),
        }


def named(name: str, measured: Sequence[Measured]) -> dict[str, Figure]:
    """Name how long calls took, and for how long the loop stood still."""
    kinds = ("ms", "stall_ms", "restated_ms", "restated_stall_ms")
    columns = zip(*measured, strict=True)
    return {
        f"{name}_{kind}": figure([1_000 * one for one in values], "ms")
        for kind, values in zip(kinds, columns, strict=True)
    }


async def record_life(ada: Client) -> None:
    """Record a fill each second, three buys for two sales."""
    for first in range(0, FILLS, FILLS_PER_CALL):
        await ada.events.RecordEvents(
            events.batch(*(told(n) for n in range(first, first + FILLS_PER_CALL)))
        )


def told(second: float, **more: object) -> TradingEvent:
    """Return the fill of a second."""
    side = "BUY" if second % 5 < 3 else "SELL"
    order = f"O-{next(events.NUMBERS)}"
    price = f"{100 + second % 7:.2f}"
    return events.fill("1", price, side=side, fee="0.01", client_order_id=order, at=second, **more)


async def late(deck: Deck, ada: Client, samples: int, second: float) -> list[Measured]:
    """Tell fills of a second that is over."""
    return [
        await stalled(deck, lambda: ada.events.RecordEvents(events.batch(told(second))))
        for _ in range(samples)
    ]


async def hold(ada: Client) -> None:
    """Have many strategies hold another instrument."""
    for first in range(0, 20 * SPLIT_HOLDERS, FILLS_PER_CALL):
        where = {"instrument": "MSFT.XNAS"}
        numbers = range(first, first + FILLS_PER_CALL)
        fills = (told(FILLS + n, strategy=f"S-{n % SPLIT_HOLDERS}", **where) for n in numbers)
        await ada.events.RecordEvents(events.batch(*fills))


async def split(deck: Deck, ada: Client, samples: int) -> list[Measured]:
    """Split what many hold."""

    def one(second: int) -> Callable[[], Awaitable[object]]:
        action = events.split(instrument="MSFT.XNAS", at=second)
        return lambda: ada.events.RecordAdjustments(events.adjustments(action))

    return [await stalled(deck, one(2 * FILLS + n)) for n in range(samples)]


async def stalled(deck: Deck, work: Callable[[], Awaitable[object]]) -> Measured:
    """Return how long work took, and the longest stalls meanwhile and while curves are restated."""
    async with watched() as stall:
        started = time.perf_counter()
        await work()
        took = time.perf_counter() - started
    async with watched() as after:
        started = time.perf_counter()
        await deck.area.restater.work()
        restated = time.perf_counter() - started
    return took, stall.longest_s, restated, after.longest_s


@asynccontextmanager
async def watched() -> AsyncIterator[Stall]:
    """Look how long the loop is away, until the block ends."""
    stall = Stall()

    async def look() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(BEAT_S)
            stall.longest_s = max(stall.longest_s, time.perf_counter() - before - BEAT_S)

    task = asyncio.create_task(look())
    await asyncio.sleep(0.1)
    stall.longest_s = 0.0
    try:
        yield stall
    finally:
        task.cancel()
