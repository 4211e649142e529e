"""Reads one stream of the bus, from the last entry it saw on, across every break.

After a break it asks what it may have missed: the stream may have been emptied or trimmed, or
another server may have taken over, which lacks entries that were read already and may give their
numbers to others.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import cast

import redis.asyncio as redis
import structlog

from quarterdeck_server.runtime.bus import metrics
from quarterdeck_server.runtime.bus.entry import Entry, position, wanted
from quarterdeck_server.runtime.bus.failure import AWAY
from quarterdeck_server.runtime.bus.message import Batch
from quarterdeck_server.runtime.bus.place import Place, run_of
from quarterdeck_server.runtime.bus.share import Share

log = structlog.get_logger()

READ_ENTRIES = 1_000
BLOCK_MS = 500
PAUSE_S = 0.1
AWAY_AFTER_S = 2.0
"""How long the bus may be silent before its subscribers are told that it is away."""
UNWANTED_PAUSE_S = 0.05
"""Who wants none of what came is in no hurry: being woken by each quote of a busy market costs a
quarter of a millisecond, in a process that has better to do at that moment. Whoever has more to
read than one answer holds goes on at once: a pause would leave it behind."""
MOST_REMEMBERED = 10_000
BEGINNING = b"0-0"
NO_KEY = "no such key"


class Lane:
    """A reader's place in one stream."""

    def __init__(self, place: Place, key: str, share: Share, kinds: Collection[str]) -> None:
        self._place, self._key, self._share, self._kinds = place, key, share, frozenset(kinds)
        self._client: redis.Redis | None = None
        self._run = ""
        self._last = BEGINNING
        self._seen: deque[bytes] = deque(maxlen=MOST_REMEMBERED)
        self._again: frozenset[bytes] = frozenset()
        self._answered_at = 0.0
        self._was_heard = False
        self._is_away = False

    async def begin(self, replay: timedelta) -> None:
        """Take the place to read from: ``replay`` ago, or the end of the stream."""
        client, _ = await self._connected()
        self._answered_at, self._was_heard = _now(), True
        if replay:
            self._last = await _ago(client, replay)
        elif newest := await client.xrevrange(self._key, count=1):
            self._last = cast("bytes", newest[0][0])

    async def batches(self) -> AsyncGenerator[Batch]:
        """Read for ever."""
        while True:
            try:
                lost, entries = await self._next()
            except AWAY as error:
                if await self._broke(error):
                    yield Batch((), away=True, share=self._share)
                await asyncio.sleep(PAUSE_S)
                continue
            messages, is_back = wanted(entries, self._kinds), self._came_back()
            if messages or lost or is_back:
                yield Batch(messages, lost=lost, share=self._share)
            elif 0 < len(entries) < READ_ENTRIES:
                await asyncio.sleep(UNWANTED_PAUSE_S)

    async def close(self) -> None:
        """Read no more."""
        self._came_back()  # it is not this lane any more that the bus does not answer
        await self._disconnect()

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(*AWAY):
                await client.aclose()

    async def _next(self) -> tuple[bool, Sequence[Entry]]:
        client, lost = await self._connected()
        entries = [] if lost else await self._read(client)
        self._answered_at, self._was_heard = _now(), True
        return lost, entries

    async def _connected(self) -> tuple[redis.Redis, bool]:
        """Return the connection, and whether something may be lost that it cannot give."""
        if self._client is not None:
            return self._client, False
        client = await self._place.connect(self._key)
        try:
            lost = await self._catch_up(client)
        except BaseException:
            await client.aclose()
            raise
        self._client = client
        if lost:
            metrics.LOST.inc()
            log.warning("bus_messages_maybe_lost", stream=self._key)
        return client, lost

    async def _catch_up(self, client: redis.Redis) -> bool:
        run = await run_of(client)
        is_behind = self._last != BEGINNING and await self._is_behind(client)
        # Only now: until it answered for the stream it may be a server that has it no more.
        before, self._run = self._run, run
        if self._last == BEGINNING:
            return False
        if is_behind:
            self._last = BEGINNING
            return True
        if before in {"", run}:
            return False
        # What came before it broke is read again, for what is new among it; not handed out twice.
        self._again = frozenset(self._seen)
        self._last = self._seen[0] if self._seen else self._last
        return True

    async def _is_behind(self, client: redis.Redis) -> bool:
        """Tell whether the stream ends before our place, or begins after it."""
        try:
            about = await client.xinfo_stream(self._key)
        except redis.ResponseError as error:
            if NO_KEY in str(error).lower():
                return True  # it was emptied
            raise
        oldest = about["first-entry"][0] if about["first-entry"] else about["last-generated-id"]
        ours = position(self._last)
        return position(about["last-generated-id"]) < ours or position(oldest) > ours

    async def _read(self, client: redis.Redis) -> Sequence[Entry]:
        answer = await client.xread({self._key: self._last}, count=READ_ENTRIES, block=BLOCK_MS)
        streams = cast("list[tuple[bytes, list[Entry]]]", answer)
        if not streams:
            return []
        entries = streams[0][1]
        self._last = entries[-1][0]
        if self._again:
            entries = self._new_among(entries)
        self._seen.extend(identifier for identifier, _ in entries)
        return entries

    def _new_among(self, entries: list[Entry]) -> list[Entry]:
        """Return the entries that were not handed out before the server changed."""
        found = [entry for entry in entries if entry[0] not in self._again]
        if len(found) == len(entries):
            self._again = frozenset()
        return found

    async def _broke(self, error: BaseException) -> bool:
        """Note a failure; tell whether it shows only now that the server is away for long.

        The first one shows nothing yet: our own process may have stood still. A server that then
        does not answer on a new connection is away.
        """
        await self._disconnect()
        if self._was_heard:
            self._was_heard = False
            metrics.BROKEN.labels("read").inc()
            log.warning("bus_reader_disconnected", stream=self._key, error=str(error))
            return False
        if self._is_away or _now() - self._answered_at < AWAY_AFTER_S:
            return False
        self._is_away = True
        metrics.AWAY.inc()
        return True

    def _came_back(self) -> bool:
        """Tell whether this is the first answer after it was away."""
        was_away, self._is_away = self._is_away, False
        if was_away:
            metrics.AWAY.dec()
        return was_away


async def _ago(client: redis.Redis, time: timedelta) -> bytes:
    seconds, microseconds = await client.time()
    milliseconds = seconds * 1000 + microseconds // 1000 - int(time.total_seconds() * 1000)
    return f"{milliseconds}-0".encode()


def _now() -> float:
    return asyncio.get_running_loop().time()
