"""Measures the trading area end to end.

Real PostgreSQL, real gRPC on loopback, the bus within the process. Each figure is the median of its
samples, with the spread.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

from tests.integration.trading import events
from tests.integration.trading.conftest import Client, Deck, deck_on
from tests.load.results import Figure, figure
from tests.load.servers import database

from quarterdeck.api.trading.v1 import portfolio_service_pb2 as pb
from quarterdeck_server.runtime import garbage
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.settings import TradingSettings

POSITIONS = 1_000
FILLS_PER_CALL = 500


async def measure(samples: int) -> dict[str, Figure]:
    """Measure every figure on a database of its own."""
    async with database() as store, deck_on(store, LocalBus(), TradingSettings()) as deck:
        # As every server does once it is open.
        garbage.settle()
        ada = await deck.client()
        await ada.nodes.RegisterNode(events.registration())
        profits = [p99(await fill_to_profit(ada, 100)) for _ in range(samples)]
        return {
            "fills_per_s": figure(await fills_per_second(ada, samples), "fills/s"),
            "watch_1000_prices_ms": figure(await watch_prices(deck, ada, samples), "ms"),
            "fill_to_profit_p99_ms": figure(profits, "ms"),
            "get_portfolio_1000_ms": figure(await get_portfolio(ada, 5 * samples), "ms"),
        }


def p99(values: Sequence[float]) -> float:
    """Return the value that one in a hundred exceeds."""
    return sorted(values)[int(len(values) * 0.99)]


async def fills_per_second(ada: Client, samples: int) -> list[float]:
    """Record batches of fills, one call after another; the first learns every instrument."""
    rates = []
    for sample in range(samples + 1):
        requests = [
            events.batch(
                *(
                    events.fill(
                        quantity="1",
                        client_order_id=f"O-{sample}-{call}-{n}",
                        instrument=f"S{n % POSITIONS:04d}.XNAS",
                    )
                    for n in range(call * FILLS_PER_CALL, (call + 1) * FILLS_PER_CALL)
                )
            )
            for call in range(4)
        ]
        started = time.perf_counter()
        for request in requests:
            await ada.events.RecordEvents(request)
        rates.append(4 * FILLS_PER_CALL / (time.perf_counter() - started))
    return rates[1:]


async def watch_prices(deck: Deck, ada: Client, samples: int) -> list[float]:
    """Change the price of every position at once, and wait until a reader has all rows."""
    stream = ada.portfolio.WatchPortfolio(pb.WatchPortfolioRequest())
    await stream.read()
    await asyncio.sleep(0.5)
    delays = []
    for sample in range(samples):
        price = f"{101 + sample}.00"
        quotes = [events.quote(f"S{n:04d}.XNAS", price, price) for n in range(POSITIONS)]
        await asyncio.sleep(0.2)
        started = time.perf_counter()
        await deck.shared.bus.publish(quotes)
        missing = {f"S{n:04d}.XNAS" for n in range(POSITIONS)}
        while missing:
            missing -= set((await stream.read()).portfolio.positions.instrument)
        delays.append((time.perf_counter() - started) * 1_000)
    stream.cancel()
    return delays


async def fill_to_profit(ada: Client, samples: int) -> list[float]:
    """Send one fill, and wait until a reader sees its profit: commit and all."""
    stream = ada.portfolio.WatchPortfolio(pb.WatchPortfolioRequest())
    await stream.read()
    delays = []
    for sample in range(samples):
        fill = events.fill(quantity="1", fee="0.01", client_order_id=f"O-f-{sample}")
        await asyncio.sleep(0.05)
        arrival = asyncio.create_task(arrived(stream))
        started = time.perf_counter()
        await ada.events.RecordEvents(events.batch(fill))
        delays.append((await arrival - started) * 1_000)
    stream.cancel()
    return delays


async def arrived(stream: AsyncIterator[pb.WatchPortfolioResponse]) -> float:
    """Return when a reader was told of the position in the instrument of the fills."""
    async for answer in stream:
        if "AAPL.XNAS" in answer.portfolio.positions.instrument:
            return time.perf_counter()
    raise EOFError


async def get_portfolio(ada: Client, samples: int) -> list[float]:
    """Ask for the whole portfolio."""
    delays = []
    for _ in range(samples):
        started = time.perf_counter()
        await ada.portfolio.GetPortfolio(pb.GetPortfolioRequest())
        delays.append((time.perf_counter() - started) * 1_000)
    return delays
