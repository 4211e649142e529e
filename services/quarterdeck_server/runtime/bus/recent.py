"""What a publisher wrote a moment ago: a failover may have lost it, though it was acknowledged."""

from collections import deque
from dataclasses import dataclass
from typing import cast

import redis.asyncio as redis

from quarterdeck_server.runtime.bus.entry import DATA, Entry

MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Written:
    """An entry that Redis acknowledged."""

    at: float
    identifier: bytes
    data: bytes


class Recent:
    """The entries of the last seconds, oldest first."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._entries: deque[Written] = deque()
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, entry: Written) -> None:
        """Keep an entry; those that are old enough to be safe go."""
        self._entries.append(entry)
        self._bytes += len(entry.data)
        self.forget_until(entry.at - self._window_s)

    def forget_old(self, now: float) -> None:
        """Forget what is old enough. Only while Redis answers: what is in doubt is needed."""
        self.forget_until(now - self._window_s)

    def forget_until(self, time: float) -> None:
        """Forget what was written before a time, and what there is no room for."""
        while self._entries and (self._entries[0].at < time or self._bytes > MOST_BYTES):
            self._bytes -= len(self._entries.popleft().data)

    async def lost(self, client: redis.Redis, key: str) -> list[Written]:
        """Return what the stream does not have.

        A replica has the stream up to some entry, so what it lacks are the last ones: a binary
        search finds the first of them.
        """
        entries = list(self._entries)
        low, high = 0, len(entries)
        while low < high:
            middle = (low + high) // 2
            if await self._is_there(client, key, entries[middle]):
                low = middle + 1
            else:
                high = middle
        return entries[low:]

    def replace_newest(self, entries: list[Written]) -> None:
        """Put as many of the newest entries as are given aside for those."""
        for _ in entries:
            self._bytes -= len(self._entries.pop().data)
        for entry in entries:
            self.add(entry)

    async def _is_there(self, client: redis.Redis, key: str, entry: Written) -> bool:
        found = cast("list[Entry]", await client.xrange(key, entry.identifier, entry.identifier))
        return bool(found) and found[0][1].get(DATA) == entry.data
