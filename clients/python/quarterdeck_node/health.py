"""How a node is, measured inside its own event loop."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from quarterdeck import AsyncClient, NotFound
from quarterdeck.api.trading.v1.node_pb2 import CommandResult, NodeHealth
from quarterdeck.errors import QuarterdeckError
from quarterdeck_node.engine.port import Engine
from quarterdeck_node.feed import Feed
from quarterdeck_node.spool import Spool

LOG = logging.getLogger(__name__)
INTERVAL = 1.0
"""Seconds between reports."""
TIMEOUT = 3.0
PAGE_BYTES = 4096
MEMORY = Path("/proc/self/statm")


class Probe:
    """Measures a node."""

    def __init__(self, engine: Engine, spool: Spool, feed: Feed) -> None:
        self._engine, self._spool, self._feed = engine, spool, feed
        self.loop_lag_ms = 0.0

    def measure(self) -> NodeHealth:
        """Tell how the node is now."""
        readings, counts = self._engine.readings(), self._spool.counts
        return NodeHealth(
            strategy_states=readings.strategy_states,
            data_connected=self._feed.is_connected,
            execution_connected=readings.execution_connected,
            loop_lag_ms=self.loop_lag_ms,
            spooled_events=counts.pending,
            dead_letters=counts.dead,
            open_orders=readings.open_orders,
            open_positions=readings.open_positions,
            received_rows=self._feed.received_rows,
            lost_rows=self._feed.lost_rows,
            resident_bytes=resident_bytes(),
        )

    async def wait(self, seconds: float) -> None:
        """Wait, and note by how much the event loop was late: a busy loop trades late too."""
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        await asyncio.sleep(seconds)
        self.loop_lag_ms = max(0.0, (loop.time() - due) * 1e3)


class Reporter:
    """Tells the deck how the node is and what came of its commands."""

    def __init__(self, client: AsyncClient, node: str, probe: Probe) -> None:
        self._client, self._node, self._probe = client, node, probe
        self._results: list[CommandResult] = []
        self.is_unknown = asyncio.Event()
        """Set when the deck does not know the node and it must register again."""

    async def run(self) -> None:
        """Report for ever."""
        while True:
            try:
                await self.report()
            except QuarterdeckError as error:
                LOG.warning("the deck does not take reports: %s", error)
            await self._probe.wait(INTERVAL)

    async def report(
        self, results: Sequence[CommandResult] = (), *, stopping: bool = False
    ) -> None:
        """Report once; results stay until a report with them was accepted."""
        self._results.extend(results)
        told = tuple(self._results)
        try:
            await self._client.nodes.report_node(
                name=self._node,
                health=self._probe.measure(),
                command_results=told,
                stopping=stopping,
                timeout=TIMEOUT,
            )
        except NotFound:
            self.is_unknown.set()
            raise
        del self._results[: len(told)]


def resident_bytes() -> int:
    """Return the resident memory of this process; 0 where the system does not tell."""
    try:
        return int(MEMORY.read_text().split()[1]) * PAGE_BYTES
    except OSError:
        return 0
