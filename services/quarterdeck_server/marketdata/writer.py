"""The way into history, beside the hot path: a bounded queue and one writer."""

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

import structlog

from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.marketdata import metrics
from quarterdeck_server.marketdata.domain.columns import kind
from quarterdeck_server.marketdata.ports import HistoryRefused, HistoryStore, Hole, Sequenced

log = structlog.get_logger()

WRITE_ROWS = 50_000
LINGER_S, LONGEST_LINGER_S = 0.1, 0.5
"""How long the first rows after a rest wait for others, and how long while only few come.

One write for each quote would cost more than the quote, at the very moment at which it is on its
way to readers; ten writes a second still met one quote in ten.
"""
FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 1.0


class HistoryWriter:
    """Stores what was published, in order. What does not fit in the queue becomes a hole."""

    def __init__(self, store: HistoryStore, max_rows: int) -> None:
        self._store, self._max_rows = store, max_rows
        self._enough = min(WRITE_ROWS, max_rows // 2)
        self._waiting: deque[Sequenced] = deque()
        self._holes: dict[str, list[Hole]] = {}
        self._rows = 0
        self._durable: dict[str, int] = {}
        self._again = False
        self._arrived = asyncio.Event()
        self._plenty = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, item: Sequenced) -> None:
        """Queue a batch without waiting; one that does not fit is dropped and counted."""
        if self._rows + len(item.batch) > self._max_rows:
            self.leave_out(item)
            return
        self._waiting.append(item)
        self._count(len(item.batch))
        if self._rows >= self._enough:
            self._plenty.set()
        self._wake()

    def leave_out(self, item: Sequenced) -> None:
        """Count a batch that is not to be stored, and remember the hole that it leaves."""
        self._drop(item)
        self._wake()

    def durable_through(self, topic: str) -> int:
        """Return up to which sequence number history holds a topic, but for holes."""
        return self._durable.get(topic, 0)

    async def run(self) -> None:
        """Write whatever waits, for ever."""
        linger_s = LINGER_S
        while True:
            while self._waiting or self._holes:
                await self._write_next()
            rested_s = await self._rest()
            linger_s = min(2 * linger_s, LONGEST_LINGER_S) if rested_s < linger_s else LINGER_S
            with suppress(TimeoutError):
                await asyncio.wait_for(self._plenty.wait(), linger_s)

    async def drain(self, timeout_s: float) -> bool:
        """Wait until nothing waits; false if that took too long."""
        self._plenty.set()  # whoever drains has no more to put
        try:
            await asyncio.wait_for(self._idle.wait(), timeout_s)
        except TimeoutError:
            log.warning("history_not_drained", rows=self._rows)
            return False
        return True

    async def _rest(self) -> float:
        """Wait until something comes; return how long that took."""
        self._idle.set()
        self._arrived.clear()
        self._plenty.clear()
        loop = asyncio.get_running_loop()
        since = loop.time()
        await self._arrived.wait()
        return loop.time() - since

    async def _write_next(self) -> None:
        """Write the head of the queue, which stays there until it is stored."""
        batches, holes = self._head(), [hole for of in self._holes.values() for hole in of]
        with metrics.WRITE_SECONDS.time():
            await self._write(batches, holes)
        for hole in holes:
            self._forget(hole)
        for item in batches:
            self._waiting.popleft()
            self._count(-len(item.batch))
            self._durable[item.batch.topic] = item.last_sequence

    def _head(self) -> list[Sequenced]:
        batches: list[Sequenced] = []
        rows = 0
        for item in self._waiting:
            if batches and rows + len(item.batch) > WRITE_ROWS:
                break
            batches.append(item)
            rows += len(item.batch)
        return batches

    async def _write(self, batches: Sequence[Sequenced], holes: Sequence[Hole]) -> None:
        try:
            await self._insist(batches, holes)
        except HistoryRefused as error:
            await self._write_apart(batches, holes, error)
        else:
            for item in batches:
                metrics.STORED.labels(kind(item.batch)).inc(len(item.batch))

    async def _write_apart(
        self, batches: Sequence[Sequenced], holes: Sequence[Hole], error: HistoryRefused
    ) -> None:
        """Store what can be stored of a write that was refused."""
        log.warning("history_refused", batches=len(batches), holes=len(holes), error=str(error))
        if len(batches) + bool(holes) > 1:
            if holes:
                await self._write([], holes)
            for item in batches:
                await self._write([item], [])
        elif batches:
            self._drop(batches[0])

    def _wake(self) -> None:
        self._idle.clear()
        self._arrived.set()

    async def _insist(self, batches: Sequence[Sequenced], holes: Sequence[Hole]) -> None:
        """Write until the database answers; the first attempt may have been the one that did."""
        pause = FIRST_PAUSE_S
        while True:
            again, self._again = self._again, True
            try:
                await self._store.write(batches, holes, again=again)
            except Unavailable as error:
                metrics.WRITE_RETRIES.inc()
                log.warning("history_write_failed", error=str(error), pause_s=pause)
                await asyncio.sleep(random.uniform(0.5, 1.0) * pause)  # noqa: S311 - spreads
                pause = min(pause * 2, LONGEST_PAUSE_S)
            else:
                self._again = False
                return

    def _drop(self, item: Sequenced) -> None:
        metrics.DROPPED.labels(kind(item.batch)).inc(len(item.batch))
        holes = self._holes.setdefault(item.batch.topic, [])
        hole = Hole.of(item)
        if holes and (joined := holes[-1].joined(hole)):
            holes[-1] = joined
        else:
            holes.append(hole)

    def _forget(self, hole: Hole) -> None:
        """Forget a stored hole; one that grew meanwhile stays and is stored again, longer."""
        holes = self._holes[hole.topic]
        if hole in holes:
            holes.remove(hole)
        if not holes:
            del self._holes[hole.topic]

    def _count(self, rows: int) -> None:
        self._rows += rows
        metrics.WAITING.set(self._rows)
