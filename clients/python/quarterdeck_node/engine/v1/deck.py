"""What a user adds to a NautilusTrader node of their own to bring it to a deck."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from nautilus_trader.common import Environment
from nautilus_trader.live.node import TradingNode

from quarterdeck import AsyncClient
from quarterdeck.api.trading.v1.node_pb2 import NODE_MODE_LIVE, NODE_MODE_PAPER
from quarterdeck.api.trading.v1.trading_event_pb2 import TradingEvent
from quarterdeck_node.engine.v1.data import CLIENT, DeckDataClient, DeckDataConfig, factory
from quarterdeck_node.engine.v1.running import RunningNode
from quarterdeck_node.engine.v1.tap import Tap
from quarterdeck_node.feed import Feed
from quarterdeck_node.session import Identity, Session
from quarterdeck_node.spool import Spool

LOG = logging.getLogger(__name__)


class Deck:
    """A deck, for one node.

    Put ``data_clients`` into the node's configuration if it shall have the deck's market data, and
    ``attach`` the node before it is built. Its trading events are then recorded, its health is
    reported, and it obeys the deck's commands.
    """

    def __init__(
        self,
        address: str,
        *,
        node: str,
        account: str,
        api_key: str | None = None,
        state_folder: Path = Path.home() / ".quarterdeck",
        accounts: Mapping[str, str] | None = None,
        base_currency: str = "USD",
        opening_balance: Decimal | None = None,
        taker_fee: Decimal = Decimal(0),
        ca_certificate: Path | None = None,
        display_name: str = "",
    ) -> None:
        """Name the deck, the node and its account.

        Every account of the engine is told as ``account``, but those that ``accounts`` names
        otherwise. ``opening_balance`` is what the log starts from if it does not know the account.
        ``taker_fee`` is for simulated venues, a fraction of the value traded.
        """
        self._client = AsyncClient(address, api_key=api_key, ca_certificate=ca_certificate)
        self._node_id, self._account = node, account
        self._accounts = {name: given for name, given in (accounts or {}).items()}
        self._base_currency, self._opening_balance = base_currency, opening_balance
        self._taker_fee, self._display_name = taker_fee, display_name
        self._spool_file = state_folder / f"{node}.spool"
        self._made: list[DeckDataClient] = []
        self._task: asyncio.Task[None] | None = None
        self._engine: RunningNode | None = None

    @property
    def client(self) -> AsyncClient:
        """The connection to the deck."""
        return self._client

    @property
    def data_clients(self) -> dict[str, DeckDataConfig]:
        """The data clients for the node's configuration."""
        return {CLIENT: DeckDataConfig(taker_fee=self._taker_fee)}

    def attach(self, node: TradingNode) -> None:
        """Join the node, which was not built yet; the work begins with the node's event loop."""
        node.add_data_client_factory(CLIENT, factory(self._client, self._made))
        on_paper = node.kernel.environment != Environment.LIVE
        spool = Spool(self._spool_file, flush_each=not on_paper)
        session: list[Session] = []

        def take(event: TradingEvent) -> None:
            try:
                spool.put(event)
            except OSError:
                LOG.exception("event %s is held in memory", event.event_id)
            if session:
                session[0].bridge.wake()

        tap = Tap(node.cache, self._account, self._accounts, on_paper=on_paper, take=take)
        tap.attach(node.kernel.msgbus)
        engine = self._engine = RunningNode(node, tap)

        async def work() -> None:
            try:
                feed = self._made[0].feed if self._made else Feed(self._client, lambda _: None)
                identity = self._identity(on_paper=on_paper)
                session.append(Session(self._client, identity, engine, spool, feed))
                await session[0].run()
            finally:
                spool.close()
                await self._client.aclose()

        self._task = node.get_event_loop().create_task(work(), name="quarterdeck")

    async def leave(self) -> None:
        """Wait until everything was said to the deck; for programs that run the loop themselves."""
        if self._engine is not None:
            self._engine.end()
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def _identity(self, *, on_paper: bool) -> Identity:
        return Identity(
            node=self._node_id,
            mode=NODE_MODE_PAPER if on_paper else NODE_MODE_LIVE,
            account=self._account,
            base_currency=self._base_currency,
            opening_balance=self._opening_balance,
            display_name=self._display_name,
        )
