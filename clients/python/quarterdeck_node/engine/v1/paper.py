"""A simulated venue whose restart is told: what it forgot does not stay open in the cache."""

import asyncio

from nautilus_trader.adapters.sandbox.config import SandboxExecutionClientConfig
from nautilus_trader.adapters.sandbox.execution import SandboxExecutionClient
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, MessageBus
from nautilus_trader.live.factories import LiveExecClientFactory
from nautilus_trader.portfolio import PortfolioFacade


class PaperVenue(SandboxExecutionClient):
    """The engine's simulated venue, which begins empty at every start."""

    def connect(self) -> None:
        """Connect, and cancel the orders of the cache that the venue does not know any more."""
        super().connect()
        known = self.exchange.cache
        left = known.orders_open(venue=self.venue) + known.orders_inflight(venue=self.venue)
        for order in left:
            self.generate_order_canceled(
                strategy_id=order.strategy_id,
                instrument_id=order.instrument_id,
                client_order_id=order.client_order_id,
                venue_order_id=order.venue_order_id,
                ts_event=order.ts_last,
            )


# The engine hands the portfolio only to a factory of exactly this name.
class SandboxLiveExecClientFactory(LiveExecClientFactory):
    """Makes simulated venues."""

    @staticmethod
    def create(  # type: ignore[override]  # noqa: PLR0913, PLR0917 - the engine's own way of asking
        loop: asyncio.AbstractEventLoop,
        name: str,  # noqa: ARG004
        config: SandboxExecutionClientConfig,
        portfolio: PortfolioFacade,
        msgbus: MessageBus,
        cache: Cache,
        clock: LiveClock,
    ) -> PaperVenue:
        """Make one."""
        return PaperVenue(
            loop=loop, portfolio=portfolio, msgbus=msgbus, cache=cache, clock=clock, config=config
        )
