"""One node at one deck: registers it, keeps its tasks running, and says goodbye."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from decimal import Decimal

from quarterdeck import AsyncClient
from quarterdeck.api.trading.v1.account_pb2 import Balance
from quarterdeck.api.trading.v1.node_pb2 import (
    NODE_MODE_PAPER,
    AccountRegistration,
    CacheDifference,
    CachedPosition,
    NodeMode,
)
from quarterdeck.errors import InvalidRequest, NotAllowed, QuarterdeckError
from quarterdeck.numbers import decimal_message
from quarterdeck_node.bridge import Bridge
from quarterdeck_node.control import Control
from quarterdeck_node.engine.port import Engine
from quarterdeck_node.feed import Feed
from quarterdeck_node.health import Probe, Reporter
from quarterdeck_node.pause import Backoff
from quarterdeck_node.spool import Spool

LOG = logging.getLogger(__name__)
FAREWELL = 5.0
"""Seconds in which what is left in the spool may still be sent when the node stops."""
STOP_CHECK = 0.2
END_CHECK = 0.02
CHATTY = frozenset({"reports", "commands", "state", "further registrations"})
"""The tasks that would contradict a goodbye."""
SAVE_INTERVAL = 60.0
"""Seconds between saves of the strategies' state, which a crash would otherwise lose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a node is for the deck."""

    node: str
    account: str
    mode: NodeMode.ValueType = NODE_MODE_PAPER
    base_currency: str = "USD"
    opening_balance: Decimal | None = None
    """What the log starts from if it does not know the account."""
    display_name: str = ""

    @property
    def name(self) -> str:
        """The name of the node in the deck."""
        return f"nodes/{self.node}"

    def account_registration(self) -> AccountRegistration:
        """Describe the account."""
        balances: Sequence[Balance] = ()
        if self.opening_balance is not None:
            total = decimal_message(self.opening_balance)
            balances = [Balance(currency=self.base_currency, total=total)]
        return AccountRegistration(
            account=self.account, base_currency=self.base_currency, opening_balances=balances
        )


class Session:
    """What a node does beside trading."""

    def __init__(
        self, client: AsyncClient, identity: Identity, engine: Engine, spool: Spool, feed: Feed
    ) -> None:
        self._client, self._identity, self._engine = client, identity, engine
        self._spool = spool
        self.bridge = Bridge(client, spool, identity.name)
        self._feed = feed
        self._reporter = Reporter(client, identity.name, Probe(engine, spool, feed))
        self._control = Control(client, identity.name, engine, self._reporter)
        # Before the strategies start: what they do next must not look like a difference.
        self._restored = engine.positions()
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Serve the node until nothing can happen in it any more."""
        self._start("market data", self._feed.run)
        self._start("registration", self._introduce)
        try:
            while not self._engine.is_stopped:  # noqa: ASYNC110 - the engine tells nobody
                await asyncio.sleep(STOP_CHECK)
            await self._say_goodbye()
            while not self._engine.has_ended:  # noqa: ASYNC110 - what was sent may still fill
                await asyncio.sleep(END_CHECK)
        finally:
            await self._end(self._tasks)
        await self._drain()
        LOG.info("left the deck with %d events unsent", self._spool.counts.pending)

    async def _introduce(self) -> None:
        """Register, bring the log up to date with what happened before the crash, and compare."""
        self._recall()
        await self._register(())
        await self.bridge.drain(self._spool.last_position)
        told = await self._register(self._restored)
        for found in told:
            LOG.warning(
                "%s: the cache says %s, the log says %s",
                found.subject,
                found.node_value,
                found.log_value,
            )
        LOG.info("registered as %s, %d differences", self._identity.name, len(told))
        self._start("events", self.bridge.run)
        self._start("reports", self._reporter.run)
        self._start("commands", self._control.run)
        self._start("state", self._save_often)
        self._start("further registrations", self._register_again)

    def _recall(self) -> None:
        """Tell the log again what the cache knows and the spool does not."""
        count = self._spool.put_all(self._engine.order_history())
        if count:
            LOG.warning("%d events of the cache were not in the spool and are sent again", count)

    async def _register(self, positions: Sequence[CachedPosition]) -> Sequence[CacheDifference]:
        backoff = Backoff()
        while True:
            try:
                answer = await self._client.nodes.register_node(
                    node_id=self._identity.node,
                    display_name=self._identity.display_name,
                    mode=self._identity.mode,
                    engine_version=self._engine.version,
                    code_hash=self._engine.code_hash,
                    accounts=[self._identity.account_registration()],
                    strategies=self._engine.strategies,
                    positions=positions,
                )
            except QuarterdeckError as error:
                _log_refusal(error)
                await backoff.wait(error.retry_after)
            else:
                return answer.node.differences

    async def _register_again(self) -> None:
        """Register whenever the deck says that it does not know the node."""
        while True:
            await self._reporter.is_unknown.wait()
            await self._register(self._engine.positions())
            self._reporter.is_unknown.clear()

    async def _save_often(self) -> None:
        while True:
            await asyncio.sleep(SAVE_INTERVAL)
            self._engine.save()

    def _start(self, name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        self._tasks.append(asyncio.create_task(_kept(name, work), name=name))

    async def _say_goodbye(self) -> None:
        """Say that the node stops, after what led to it; no report follows."""
        chatty = [task for task in self._tasks if task.get_name() in CHATTY]
        await self._end(chatty)
        await self._drain()
        try:
            await self._reporter.report(stopping=True)
        except QuarterdeckError as error:
            LOG.warning("the deck was not told that the node stops: %s", error)

    async def _drain(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.bridge.drain(), FAREWELL)

    async def _end(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _kept(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Keep work going after an error that nobody meant: trading must not go on unrecorded."""
    backoff = Backoff()
    while True:
        try:
            await work()
        except Exception:
            LOG.exception("%s failed and is started again", name)
            await backoff.wait()
        else:
            return


def _log_refusal(error: QuarterdeckError) -> None:
    level = logging.ERROR if isinstance(error, InvalidRequest | NotAllowed) else logging.WARNING
    LOG.log(level, "the deck does not register the node: %s: %s", type(error).__name__, error)
