"""Readers of the log: history from the database, then what is recorded, without a seam.

A reader is a view and a position. Far behind it reads spans of the log, at its own pace; once it
has caught up it reads along with all others from the tail.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.domain.logged import LogCursor, LoggedEvent, start
from quarterdeck_server.trading.domain.view import View
from quarterdeck_server.trading.mapping import logged as mapping
from quarterdeck_server.trading.store import events, load
from quarterdeck_server.trading.tail import Tail

HEARTBEAT_S = 5.0
SPAN = 10_000
"""So many positions are looked through at once."""
PAGE = 500
"""So many events leave together at most."""
MOST_READS = 3
"""Histories read at the same time: the recorder needs connections, too."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reader wants: whose events, after which cursor, how often a heartbeat."""

    view: View
    cursor: LogCursor | None = None
    live_only: bool = False
    heartbeat_s: float = HEARTBEAT_S


class LogReaders:
    """Lets readers into the log of one epoch."""

    def __init__(self, postgres: Postgres, tail: Tail, epoch: int, clock: Clock) -> None:
        self.tail, self.clock = tail, clock
        self._postgres, self._epoch = postgres, epoch
        self._turn = asyncio.Semaphore(MOST_READS)

    async def reader(self, wish: Wish) -> "LogReader":
        """Return a reader at its start; fails with CursorInvalid."""
        if wish.cursor is not None and wish.cursor.position > self.tail.newest:
            # Another recorder may have told of what this one learns in a moment.
            self.tail.reached((await load.head(self._postgres)).event_position)
        newest = self.at(self.tail.newest)
        return LogReader(self, wish, start(wish.cursor, newest, live_only=wish.live_only))

    def at(self, position: int) -> LogCursor:
        """Return the cursor of a position."""
        return LogCursor(self._epoch, position)

    async def history(self, view: View, after: int, through: int) -> Sequence[LoggedEvent]:
        """Return a page of a view's events after a position up to another."""
        async with self._turn:
            return await events.between(
                self._postgres, after, through, PAGE, view.account, view.strategy
            )


class LogReader:
    """One reader of the log."""

    def __init__(self, readers: LogReaders, wish: Wish, position: int) -> None:
        self._readers, self._wish, self._position = readers, wish, position
        self._tail, self._clock = readers.tail, readers.clock
        self._beat_at = 0.0

    async def answers(self) -> AsyncGenerator[bytes]:
        """Yield encoded answers for ever: events, and a heartbeat when none came."""
        view = self._wish.view
        with self._tail.read_along():
            yield mapping.encoded(self._answer(self._wish.heartbeat_s))
            while True:
                found = await self._page()
                shown = [event for event in found if view.shows(event.account, event.strategy)]
                if shown or self._clock.monotonic() >= self._beat_at:
                    metrics.LOG_SENT.inc(len(shown))
                    yield mapping.encoded(self._answer(), shown)

    def ended(self, error: QuarterdeckError) -> bytes:
        """Encode the answer that says why the stream ends, and where to continue."""
        return mapping.ended(self._answer(), error)

    def _answer(self, heartbeat_s: float | None = None) -> mapping.Answer:
        self._beat_at = self._clock.monotonic() + self._wish.heartbeat_s
        cursor = self._readers.at(self._position)
        return mapping.answer_to(cursor, self._tail.newest, self._clock.now_ns(), heartbeat_s)

    async def _page(self) -> Sequence[LoggedEvent]:
        """Return the next events and go past them; none when a heartbeat is due first."""
        kept = self._tail.after(self._position, PAGE)
        if kept is None:
            return await self._past()
        if kept or self._position < self._tail.end:
            self._position = kept[-1].position if len(kept) == PAGE else self._tail.end
            return kept
        await self._wait()
        return ()

    async def _past(self) -> Sequence[LoggedEvent]:
        through = min(self._position + SPAN, self._tail.newest)
        found = await self._readers.history(self._wish.view, self._position, through)
        self._position = found[-1].position if len(found) == PAGE else through
        return found

    async def _wait(self) -> None:
        left_s = max(0.0, self._beat_at - self._clock.monotonic())
        with suppress(TimeoutError):
            async with asyncio.timeout(left_s):
                await self._tail.wait(self._position)
