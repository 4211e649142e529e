"""The data client: the deck's stream and history for the engine."""

import asyncio
import logging
from decimal import Decimal
from typing import Any

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, MessageBus
from nautilus_trader.config import LiveDataClientConfig, RoutingConfig
from nautilus_trader.live.data_client import LiveMarketDataClient
from nautilus_trader.live.factories import LiveDataClientFactory
from nautilus_trader.model.identifiers import ClientId

from quarterdeck import AsyncClient, Event, topic
from quarterdeck.errors import QuarterdeckError
from quarterdeck_node.engine.v1 import market, words
from quarterdeck_node.engine.v1.history import History
from quarterdeck_node.engine.v1.instruments import DeckInstruments
from quarterdeck_node.feed import Feed
from quarterdeck_node.pause import Backoff

LOG = logging.getLogger(__name__)
CLIENT = "QUARTERDECK"


class DeckDataConfig(LiveDataClientConfig, frozen=True):
    """Routes every venue to the deck; holds no secret, since the engine shows it on its bus."""

    routing: RoutingConfig = RoutingConfig(default=True)
    taker_fee: Decimal = Decimal(0)


class DeckDataClient(LiveMarketDataClient):
    """Market data of the deck, with nothing left out unannounced."""

    def __init__(
        self,
        client: AsyncClient,
        config: DeckDataConfig,
        loop: asyncio.AbstractEventLoop,
        parts: tuple[MessageBus, Cache, LiveClock],
    ) -> None:
        msgbus, cache, clock = parts
        super().__init__(
            loop=loop,
            client_id=ClientId(CLIENT),
            venue=None,
            msgbus=msgbus,
            cache=cache,
            clock=clock,
            instrument_provider=DeckInstruments(client, config.taker_fee),
            config=config,
        )
        self._known = cache
        self._past = History(client, cache.instrument)
        self.feed = Feed(client, self._take)

    async def _connect(self) -> None:
        backoff = Backoff()
        while True:
            try:
                await self._instrument_provider.load_all_async()
            except QuarterdeckError as error:
                LOG.warning("the deck's instruments cannot be read: %s", error)
                await backoff.wait(error.retry_after)
            else:
                break
        for instrument in self._instrument_provider.get_all().values():
            self._handle_data(instrument)

    async def _disconnect(self) -> None:
        """Do nothing: the stream ends with the node's session."""

    def _take(self, event: Event) -> None:
        for row in market.data(event.payload, self._known.instrument):
            self._handle_data(row)

    async def _subscribe_quote_ticks(self, command: Any) -> None:
        self.feed.want(topic("quotes", str(command.instrument_id)))

    async def _unsubscribe_quote_ticks(self, command: Any) -> None:
        self.feed.drop(topic("quotes", str(command.instrument_id)))

    async def _subscribe_trade_ticks(self, command: Any) -> None:
        self.feed.want(topic("trades", str(command.instrument_id)))

    async def _unsubscribe_trade_ticks(self, command: Any) -> None:
        self.feed.drop(topic("trades", str(command.instrument_id)))

    async def _subscribe_bars(self, command: Any) -> None:
        if name := _bars_topic(command.bar_type):
            self.feed.want(name)
        else:
            LOG.error("the deck has no bars of %s", command.bar_type)

    async def _unsubscribe_bars(self, command: Any) -> None:
        if name := _bars_topic(command.bar_type):
            self.feed.drop(name)

    async def _subscribe_instrument(self, command: Any) -> None:
        """Do nothing: every instrument was given when the client connected."""

    async def _subscribe_instruments(self, command: Any) -> None:
        """Do nothing: every instrument was given when the client connected."""

    async def _unsubscribe_instrument(self, command: Any) -> None:
        """Do nothing: instruments are not streamed."""

    async def _unsubscribe_instruments(self, command: Any) -> None:
        """Do nothing: instruments are not streamed."""

    async def _request_quote_ticks(self, request: Any) -> None:
        found = await self._past.quotes(
            str(request.instrument_id), request.start, request.end, request.limit
        )
        self._handle_quote_ticks(
            request.instrument_id, found, request.id, request.start, request.end, request.params
        )

    async def _request_trade_ticks(self, request: Any) -> None:
        found = await self._past.trades(
            str(request.instrument_id), request.start, request.end, request.limit
        )
        self._handle_trade_ticks(
            request.instrument_id, found, request.id, request.start, request.end, request.params
        )

    async def _request_bars(self, request: Any) -> None:
        found = await self._past.bars(request.bar_type, request.start, request.end, request.limit)
        self._handle_bars(
            request.bar_type, found, request.id, request.start, request.end, request.params
        )


def _bars_topic(kind: Any) -> str | None:
    interval = words.interval(kind)
    return topic("bars", interval, str(kind.instrument_id)) if interval else None


def factory(client: AsyncClient, made: list[DeckDataClient]) -> type[LiveDataClientFactory]:
    """Make the class that the engine asks for; what it makes is put into ``made``.

    The connection to the deck, and with it the key, stays out of every configuration.
    """

    class DeckDataClientFactory(LiveDataClientFactory):
        @staticmethod
        def create(
            loop: asyncio.AbstractEventLoop,
            name: str,  # noqa: ARG004 - the engine names its arguments
            config: LiveDataClientConfig,
            msgbus: MessageBus,
            cache: Cache,
            clock: LiveClock,
        ) -> DeckDataClient:
            if not isinstance(config, DeckDataConfig):
                raise TypeError(f"the deck's data client needs a DeckDataConfig, was {config}")
            made.append(DeckDataClient(client, config, loop, (msgbus, cache, clock)))
            return made[-1]

    return DeckDataClientFactory
