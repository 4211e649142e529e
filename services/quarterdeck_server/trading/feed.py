"""The feed: what portfolio streams tell their readers.

A reader is a view and the version it has seen. What readers of the same view need is made once.
"""

import asyncio
from collections.abc import AsyncIterator

from quarterdeck.api.trading.v1 import portfolio_service_pb2 as pb
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.convert import timestamp_to
from quarterdeck_server.runtime.encoded import field
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.desk import Changes, Desk, Flush
from quarterdeck_server.trading.domain.view import View
from quarterdeck_server.trading.mapping.portfolio import columns_to, portfolio_to

HEARTBEAT_S = 5.0
BEGINNING = -1

PORTFOLIO = pb.WatchPortfolioResponse.PORTFOLIO_FIELD_NUMBER

type Portfolio = bytes
"""An encoded portfolio; none of its fields is the heartbeat's."""


class Feed:
    """Tells readers what changed, as often as they take it."""

    def __init__(self, desk: Desk, clock: Clock, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._desk, self._clock, self._heartbeat_s = desk, clock, heartbeat_s
        self._changed = asyncio.Event()
        self._made: dict[tuple[View, int], Portfolio | None] = {}

    def flushed(self, flush: Flush) -> None:
        """Wake the readers: the desk has a new version."""
        del flush
        self._made.clear()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def watch(self, view: View, max_rate: float) -> AsyncIterator[bytes]:
        """Yield the portfolio, then what changed of it, and a heartbeat when nothing does.

        The answers are encoded WatchPortfolioResponse messages.
        """
        with metrics.READERS.track_inprogress():
            seen = self._desk.version
            sequence = 1
            yield self._answer(self._written(self._desk.changes(view, BEGINNING)), 1, snapshot=True)
            while True:
                await asyncio.sleep(1 / max_rate if max_rate else 0)
                portfolio, seen = await self._next(view, seen)
                sequence += 1
                yield self._answer(portfolio, sequence)

    async def _next(self, view: View, seen: int) -> tuple[Portfolio, int]:
        """Return what changed after a version as soon as something did, else nothing in time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._heartbeat_s
        while True:
            version, changed = self._desk.version, self._changed
            if version > seen and (portfolio := self._shared(view, seen)) is not None:
                return portfolio, version
            seen = version
            try:
                async with asyncio.timeout_at(deadline):
                    await changed.wait()
            except TimeoutError:
                return b"", seen

    def _shared(self, view: View, seen: int) -> Portfolio | None:
        key = (view, seen)
        if key not in self._made:
            changes = self._desk.changes(view, seen)
            self._made[key] = None if changes.is_empty else self._written(changes)
        return self._made[key]

    def _written(self, changes: Changes) -> Portfolio:
        columns = self._desk.average.columns_of(changes.positions)
        positions = columns_to(columns, self._desk.unpriced)
        return portfolio_to(changes.profits, changes.cash, positions).SerializeToString()

    def _answer(self, portfolio: Portfolio, sequence: int, *, snapshot: bool = False) -> bytes:
        head = pb.WatchPortfolioResponse(
            snapshot=snapshot,
            server_time=timestamp_to(self._clock.now_ns()),
            sequence=sequence,
        )
        # Joined encoded messages merge, so the shared part is copied, not made again.
        return head.SerializeToString() + field(PORTFOLIO, portfolio)
