"""A node's engine without a deck: set up as a node sets it up, with prices by hand."""

import asyncio
import gc
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace
from nautilus_trader.config import LiveRiskEngineConfig, StrategyConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide, TimeInForce
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId, Symbol
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from quarterdeck_node.config import NodeConfig
from quarterdeck_node.engine.v1.forgetting import forget_once
from quarterdeck_node.engine.v1.host import make_deck, node_config
from quarterdeck_node.engine.v1.paper import SandboxLiveExecClientFactory

INSTRUMENT = InstrumentId.from_str("AAPL.XNAS")
BEGIN_NS = 1_072_915_200_000_000_000
MINUTE_NS = 60_000_000_000
SIZE = Quantity(20, 0)
"""Of an order: ten shares long become ten short, and back."""
FORGOTTEN_AFTER = 100
"""Orders, which is a minute at the pace of a soak."""


def share(instrument: InstrumentId = INSTRUMENT) -> Equity:
    return Equity(
        instrument_id=instrument,
        raw_symbol=Symbol("AAPL"),
        currency=USD,
        price_precision=2,
        price_increment=Price(Decimal("0.01"), 2),
        lot_size=Quantity(1, 0),
        ts_event=0,
        ts_init=0,
    )


class Turning(Strategy):
    """Turns its position with each order."""

    def __init__(self) -> None:
        super().__init__(StrategyConfig(order_id_tag="001"))
        self.filled = 0
        self._has_filled = asyncio.Event()

    async def turn(self) -> None:
        """Send an order, and wait until it is filled."""
        self._has_filled.clear()
        side = OrderSide.SELL if self.filled % 2 else OrderSide.BUY
        size = SIZE if self.filled else Quantity(10, 0)
        self.submit_order(
            self.order_factory.market(INSTRUMENT, side, size, time_in_force=TimeInForce.IOC)
        )
        await self._has_filled.wait()

    def on_order_filled(self, _: OrderFilled) -> None:
        """Count."""
        self.filled += 1
        self._has_filled.set()


class Alone:
    """A running node that has no deck."""

    def __init__(self, node: TradingNode) -> None:
        self.node, self.strategy = node, Turning()
        node.trader.add_strategy(self.strategy)

    async def trade(self, orders: int) -> None:
        """Fill orders, one after the other, and forget what is over now and then."""
        for number in range(self.strategy.filled + 1, self.strategy.filled + orders + 1):
            self.node.kernel.data_engine.process(quote(number))
            await self.strategy.turn()
            if number % FORGOTTEN_AFTER == 0:
                self._forget()

    def _forget(self) -> None:
        forget_once(self.node)
        # The engine does that by itself, once a minute.
        self.node.kernel.exec_engine._prune_recent_fills_cache(0.0)


@asynccontextmanager
async def alone(folder: Path) -> AsyncIterator[Alone]:
    """Run a node."""
    told = NodeConfig(
        node="alone",
        account="SIM-001",
        address="localhost:1",
        api_key="key",
        state_folder=folder,
        strategies=[],
        engine_log_level="ERROR",
    )
    deck = make_deck(told)
    config = replace(
        node_config(told, deck, ["XNAS"]),
        data_clients={},
        risk_engine=LiveRiskEngineConfig(bypass=True),
        timeout_post_stop=0.0,
        timeout_disconnection=0.1,
    )
    node = TradingNode(config, loop=asyncio.get_running_loop())
    node.add_exec_client_factory("XNAS", SandboxLiveExecClientFactory)
    node.cache.add_instrument(share())
    made = Alone(node)
    node.build()
    running = asyncio.create_task(node.run_async())
    try:
        while not node.trader.is_running:  # noqa: ASYNC110 - the engine tells nobody
            await asyncio.sleep(0.01)
        yield made
    finally:
        node.stop()
        await running
        node.kernel.dispose()
        await deck.leave()


def quote(number: int) -> QuoteTick:
    price, size = Decimal(5000 + number % 50) / 100, Quantity(1_000, 0)
    time_ns = BEGIN_NS + number * MINUTE_NS
    bid, ask = Price(price, 2), Price(price + Decimal("0.01"), 2)
    return QuoteTick(INSTRUMENT, bid, ask, size, size, time_ns, time_ns)


def objects() -> Counter[str]:
    """Count the objects of the engine that there are."""
    gc.collect()
    names = (f"{type(each).__module__}.{type(each).__name__}" for each in gc.get_objects())
    return Counter(name for name in names if name.startswith("nautilus_trader"))
