"""Measure ``GetPortfolio`` of 10,000 positions through gRPC.

The server and the client share one process and its event loop, so both sides are in the figure.
"""

import time
from decimal import Decimal

from tests.integration.trading.conftest import Client, Deck, deck_on
from tests.load.results import Figure, figure
from tests.load.servers import database
from tests.load.trading import p99

from quarterdeck.api.trading.v1 import portfolio_service_pb2 as pb
from quarterdeck_server.runtime import garbage
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.settings import TradingSettings
from quarterdeck_server.trading.domain.price import Quote
from quarterdeck_server.trading.portfolio import Fill, Instrument, Side

INSTRUMENTS, STRATEGIES = 1_000, 10
CALLS = 200


async def measure(samples: int) -> dict[str, Figure]:
    """Measure on a database of its own."""
    async with database() as store, deck_on(store, LocalBus(), TradingSettings()) as deck:
        fill(deck)
        # As every server does once it is open.
        garbage.settle()
        ada = await deck.client()
        delays = [await get_portfolio_ms(deck, ada, CALLS) for _ in range(samples)]
    return {"get_portfolio_10k_p99_ms": figure([p99(one) for one in delays], "ms")}


def fill(deck: Deck) -> None:
    """Open the positions on the desk alone: the log has no part in what is measured."""
    desk = deck.area.desk
    desk.add_account("SIM-001", "USD")
    for number in range(INSTRUMENTS):
        name = f"S{number:04d}.XNAS"
        desk.add_instrument(Instrument(name, "USD"))
        desk.price(Quote(name, Decimal("99.99"), Decimal("100.01"), 1))
        for strategy in range(STRATEGIES):
            size, side = Decimal(100 + number), (Side.BUY, Side.SELL)[strategy % 2]
            one = Fill("f", "SIM-001", name, f"S-{strategy}", side, size, Decimal("100.25"), 1)
            desk.apply(one, 0)
    desk.flush()


async def get_portfolio_ms(deck: Deck, ada: Client, calls: int) -> list[float]:
    """Time calls, each after a new price."""
    delays = []
    for number in range(calls):
        price = Decimal(100 + number % 7)
        deck.area.desk.price(Quote("S0001.XNAS", price, price, number))
        started = time.perf_counter()
        answer = await ada.portfolio.GetPortfolio(pb.GetPortfolioRequest())
        delays.append((time.perf_counter() - started) * 1e3)
        if len(answer.portfolio.positions.account) != INSTRUMENTS * STRATEGIES:
            raise RuntimeError("positions are missing")
    return delays
