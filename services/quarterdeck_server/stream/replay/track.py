"""One recorded topic: its pages, of which the next is read while one is played."""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from quarterdeck_server.runtime.bus import Message

MOST_ROWS = 1_000
"""Rows of one event at most."""


@dataclass(frozen=True, slots=True)
class Page:
    """Recorded rows of a topic in the order of their event times."""

    times_ns: Sequence[int]
    epochs: Sequence[int]
    sequences: Sequence[int]
    encode: Callable[[int, int], bytes]
    """Returns the payload of an event with the rows from one place up to another."""

    def __len__(self) -> int:
        return len(self.times_ns)

    def end_of_run(self, start: int, until_ns: int) -> int:
        """Return how far rows from ``start`` follow each other without a break, up to a time."""
        end = bisect_right(self.times_ns, until_ns, start, min(len(self), start + MOST_ROWS))
        end = max(end, start + 1)
        offset = self.sequences[start] - start
        for place in range(start + 1, end):
            if self.sequences[place] - place != offset or self.epochs[place] != self.epochs[start]:
                return place
        return end


class Track:
    """A place in a recorded topic."""

    def __init__(self, topic: str, pages: AsyncIterator[Page]) -> None:
        self.topic = topic
        self._pages = pages
        self._page: Page | None = None
        self._place = 0
        self._coming: asyncio.Task[Page | None] | None = None

    async def load(self) -> None:
        """Make the next row known, if there is one; the page after it is read meanwhile."""
        while self._page is None or self._place >= len(self._page):
            coming = self._coming or self._read()
            self._coming, self._place = None, 0
            self._page = await coming
            if self._page is None:
                return
            self._coming = self._read()

    @property
    def next_time_ns(self) -> int | None:
        """When the next row happened; nothing after the last one."""
        return self._page.times_ns[self._place] if self._page is not None else None

    def take(self, until_ns: int) -> Message:
        """Take the next row and what follows it at once, up to a time, as one event."""
        page, start = self._page, self._place
        if page is None:
            raise StopIteration
        self._place = end = page.end_of_run(start, until_ns)
        return Message(
            self.topic,
            page.epochs[start],
            page.sequences[start],
            end - start,
            page.times_ns[end - 1],
            page.encode(start, end),
        )

    async def close(self) -> None:
        """Read no more."""
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.gather(self._coming, return_exceptions=True)

    def _read(self) -> "asyncio.Task[Page | None]":
        return asyncio.create_task(self._next_page(), name="replay-page")

    async def _next_page(self) -> Page | None:
        return await anext(self._pages, None)
