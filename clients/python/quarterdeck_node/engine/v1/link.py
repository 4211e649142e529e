"""One node of the engine joined to one deck."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from nautilus_trader.common import Environment
from nautilus_trader.live.node import TradingNode

from quarterdeck import AsyncClient
from quarterdeck.api.trading.v1.node_pb2 import NODE_MODE_LIVE, NODE_MODE_PAPER
from quarterdeck.api.trading.v1.trading_event_pb2 import TradingEvent
from quarterdeck_node.engine.v1.data import DeckDataClient
from quarterdeck_node.engine.v1.forgetting import forget_often
from quarterdeck_node.engine.v1.running import RunningNode
from quarterdeck_node.engine.v1.tap import Tap
from quarterdeck_node.feed import Feed
from quarterdeck_node.session import Identity, Session
from quarterdeck_node.spool import Spool

LOG = logging.getLogger(__name__)


class Link:
    """Takes what the engine says into the spool, and runs the node's session at the deck."""

    def __init__(
        self, node: TradingNode, identity: Identity, file: Path, accounts: Mapping[str, str]
    ) -> None:
        on_paper = node.kernel.environment != Environment.LIVE
        mode = NODE_MODE_PAPER if on_paper else NODE_MODE_LIVE
        self._identity = replace(identity, mode=mode)
        self._node, self._loop = node, node.kernel.loop
        # Real money is worth a flush of the disk for each event.
        self._spool = Spool(file, flush_each=not on_paper)
        tap = Tap(node.cache, identity.account, accounts, on_paper=on_paper, sink=self)
        tap.attach(node.kernel.msgbus)
        self._engine = RunningNode(node, tap)
        self._session: Session | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, client: AsyncClient, made: Sequence[DeckDataClient], *, forgets: bool) -> None:
        """Begin with the node's event loop; ``made`` has the data client once it was built."""
        work = self._run_and_forget(client, made) if forgets else self._run(client, made)
        self._task = self._loop.create_task(work, name="quarterdeck")

    async def end(self) -> None:
        """Wait until everything was said."""
        self._engine.end()
        if self._task is not None:
            await self._task
        self._spool.close()

    def take(self, event: TradingEvent) -> None:
        """Write an event down."""
        try:
            self._spool.put(event)
        except OSError:
            LOG.exception("event %s is held in memory", event.event_id)
        if self._session is not None:
            # The engine's timers call strategies from threads of their own.
            self._loop.call_soon_threadsafe(self._session.bridge.wake)

    def fail(self, event_id: str, problem: str) -> None:
        """Put an event apart that could not be told in the contract's words."""
        try:
            self._spool.refuse(event_id, problem)
        except OSError:
            LOG.exception("event %s is lost: %s", event_id, problem)

    async def _run_and_forget(self, client: AsyncClient, made: Sequence[DeckDataClient]) -> None:
        forgetting = asyncio.create_task(forget_often(self._node))
        try:
            await self._run(client, made)
        finally:
            forgetting.cancel()

    async def _run(self, client: AsyncClient, made: Sequence[DeckDataClient]) -> None:
        feed = made[0].feed if made else Feed(client, lambda _: None)
        self._session = Session(client, self._identity, self._engine, self._spool, feed)
        await self._session.run()
