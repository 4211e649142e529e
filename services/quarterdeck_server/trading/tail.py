"""The tail of the log: its newest events, read once for all who follow it.

The recorder tells how far the log reaches. While somebody follows, what is new is read in one
statement however many read along, and what was recorded meanwhile with the next.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.domain.logged import LoggedEvent
from quarterdeck_server.trading.store import events

log = structlog.get_logger()

PAGE = 1_000
MOST_KEPT = 10_000
PAUSE_S = 0.2


class Tail:
    """Keeps the newest events, and wakes those who wait for them."""

    def __init__(self, postgres: Postgres, position: int) -> None:
        self.newest = position
        """How far the log reaches."""
        self._postgres = postgres
        # Everything after the start and up to the end is kept.
        self._start = self._end = position
        self._events: list[LoggedEvent] = []
        self._readers = 0
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def end(self) -> int:
        """Up to where it was read: whoever is here has everything that can be given."""
        return self._end

    def reached(self, position: int) -> None:
        """Learn that the log holds events up to a position."""
        if position > self.newest:
            self.newest = position
            self._wake.set()

    @contextmanager
    def read_along(self) -> Iterator[None]:
        """Keep up with the log while the block runs."""
        self._readers += 1
        try:
            with metrics.LOG_READERS.track_inprogress():
                yield
        finally:
            self._readers -= 1

    def after(self, position: int, limit: int) -> Sequence[LoggedEvent] | None:
        """Return the kept events after a position; ``None`` where they are kept no longer."""
        if position < self._start:
            return None
        first = bisect_right(self._events, position, key=lambda event: event.position)
        return self._events[first : first + limit]

    async def wait(self, position: int) -> None:
        """Return when there is something after a position."""
        while self._end <= position:
            await self._moved.wait()

    async def run(self) -> None:
        """Follow the log for ever."""
        self._wake.set()  # what failed unexpectedly begins again here, and may be behind
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._advance()
            except Unavailable as error:
                log.warning("log_tail_not_read", behind=self.newest - self._end, error=str(error))
                self._wake.set()
                await asyncio.sleep(PAUSE_S)

    async def _advance(self) -> None:
        while self._end < self.newest:
            if not self._readers:
                self._skip()
                return
            newest = self.newest
            found = await events.between(self._postgres, self._end, newest, PAGE)
            self._events += found
            self._move(found[-1].position if len(found) == PAGE else newest)

    def _skip(self) -> None:
        """Go to the end of the log at once: nobody asked for what lies between."""
        self._events.clear()
        self._start = self.newest
        self._move(self.newest)

    def _move(self, end: int) -> None:
        self._end = end
        if len(self._events) > MOST_KEPT:
            # Half of them, so that it happens seldom.
            forgotten = self._events[: MOST_KEPT // 2]
            self._start = forgotten[-1].position
            del self._events[: len(forgotten)]
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
