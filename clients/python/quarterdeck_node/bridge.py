"""Brings what is in the spool to the trading log, in order, until the log has all of it."""

import asyncio
import logging
import re

from quarterdeck import AsyncClient, Conflict, InvalidRequest, NotAllowed, NotFound
from quarterdeck.errors import QuarterdeckError
from quarterdeck_node.pause import Backoff
from quarterdeck_node.spool import Spool, Spooled

LOG = logging.getLogger(__name__)
BATCH = 500
TIMEOUT = 10.0
"""Seconds for one batch; after it the batch is sent again."""
EVENT_PATH = re.compile(r"^events\[(\d+)\]")
REFUSALS = (Conflict, InvalidRequest, NotAllowed, NotFound)
"""What sending the same again cannot change, if it is said of one event."""


class Bridge:
    """Empties a spool into the trading log of a deck."""

    def __init__(self, client: AsyncClient, spool: Spool, node: str) -> None:
        self._client, self._spool, self._node = client, spool, node
        self._woken = asyncio.Event()
        self._limit = BATCH
        self._backoff = Backoff()

    def wake(self) -> None:
        """Say that there is something in the spool."""
        self._woken.set()

    async def run(self) -> None:
        """Send what comes, for ever."""
        while True:
            await self.drain()
            self._woken.clear()
            if not self._spool.counts.pending:
                await self._woken.wait()

    async def drain(self, upto: int | None = None) -> None:
        """Send everything that waits, up to a position if one is given."""
        while batch := self._spool.pending(self._limit, upto):
            try:
                await self._send(batch)
                self._backoff.reset()
                self._limit = BATCH
            except QuarterdeckError as error:
                await self._recover(error, batch)

    async def _send(self, batch: list[Spooled]) -> None:
        events = [spooled.event for spooled in batch]
        await self._client.trading.record_events(node=self._node, events=events, timeout=TIMEOUT)
        self._spool.sent([spooled.position for spooled in batch])

    async def _recover(self, error: QuarterdeckError, batch: list[Spooled]) -> None:
        """Take out the event that was refused, or look for it, or wait."""
        index = refused_index(error)
        if isinstance(error, REFUSALS) and index is not None and index < len(batch):
            self._refused(batch[index], error)
        elif isinstance(error, InvalidRequest) or error.reason == "MESSAGE_TOO_LARGE":
            # Nobody said which event it is: smaller batches tell.
            if len(batch) == 1:
                self._refused(batch[0], error)
            self._limit = max(1, len(batch) // 2)
        else:
            LOG.warning("events wait: %s: %s", type(error).__name__, error)
            await self._backoff.wait(error.retry_after)

    def _refused(self, spooled: Spooled, error: QuarterdeckError) -> None:
        if spooled.event.reconciliation and error.reason == "EVENT_ID_REUSED":
            # The cache tells again what the log has, in other words: the log's stand.
            self._spool.sent([spooled.position])
            return
        LOG.error("the deck refused event %s: %s", spooled.event.event_id, error)
        self._spool.bury(spooled.position, str(error))


def refused_index(error: QuarterdeckError) -> int | None:
    """Return which event of a batch an error is about, if it says."""
    paths = [problem.field for problem in error.cause.fields]
    for path in (*paths, error.metadata.get("field", "")):
        if found := EVENT_PATH.match(path):
            return int(found[1])
    return None
