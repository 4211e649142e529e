"""The bus between processes: capped Redis streams, and one more for our processes alone.

Streams rather than pub/sub: a reader whose connection breaks goes on from the last entry it saw,
and a process that starts reads the last minute first. Each topic belongs to one of the streams,
so its order is kept; in a Redis Cluster the streams lie on different masters.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta

from quarterdeck_server.kernel.errors import NotPossibleNow
from quarterdeck_server.runtime.bus.failure import AWAY, BusUnavailable
from quarterdeck_server.runtime.bus.lane import Lane
from quarterdeck_server.runtime.bus.message import Batch, Message
from quarterdeck_server.runtime.bus.place import Place, place_of
from quarterdeck_server.runtime.bus.share import WHOLE, Share, number_of
from quarterdeck_server.runtime.bus.writer import Writer
from quarterdeck_server.settings import RedisSettings

INTERNAL = -1
AHEAD = 2
"""Batches of one stream that may wait for the subscriber."""


class ShardsDiffer(NotPossibleNow):
    """The processes of a deck spread their topics over different numbers of streams."""

    def __init__(self, ours: int, theirs: str) -> None:
        text = f"redis.shards is {ours} here and {theirs} elsewhere: it must be the same everywhere"
        super().__init__("redis.shards", text)


class RedisBus:
    """Messages on Redis streams: some for events, one for what stays between our processes.

    The last one spares those who read only such messages the sight of every event.
    """

    def __init__(self, place: Place, settings: RedisSettings) -> None:
        self._place, self._settings = place, settings
        self._count = settings.shards
        self._writers: dict[int, Writer] = {}
        self._has_agreed = False

    async def publish(self, messages: Sequence[Message]) -> None:
        """Hand messages over; what waits together is written together."""
        if not messages:
            return
        if not self._has_agreed:
            await self._agree()
        parts: dict[int, list[Message]] = {}
        for message in messages:
            parts.setdefault(self._number(message.topic), []).append(message)
        written = [self._writer(number).hand_over(part) for number, part in parts.items()]
        for one in written:
            await asyncio.shield(one)

    async def append(
        self, topic: str, payload: bytes, *, publish_time_ns: int, rows: int = 1
    ) -> Message:
        """Publish with the next sequence number of the topic, which Redis gives."""
        if not self._has_agreed:
            await self._agree()
        message = Message(topic, 0, 0, rows, publish_time_ns, payload)
        return await self._writer(self._number(topic)).append(message)

    async def ping(self) -> None:
        """Return when every server that has a stream answers."""
        for number in (INTERNAL, *range(self._count)):
            await self._writer(number).ping()

    @asynccontextmanager
    async def subscribe(
        self, kinds: Collection[str], *, replay: timedelta = timedelta(0)
    ) -> AsyncIterator[AsyncIterator[Batch]]:
        """Read the messages of the kinds, from ``replay`` ago on; internal ones only by name."""
        lanes = self._lanes(kinds)
        try:
            try:
                await self._agree()
                await asyncio.gather(*(lane.begin(replay) for lane in lanes))
            except AWAY as error:
                raise BusUnavailable(error) from error
            async with aclosing(lanes[0].batches()) if len(lanes) == 1 else _merged(lanes) as found:
                yield found
        finally:
            for lane in lanes:
                await lane.close()

    async def close(self) -> None:
        """Give up what waits, and close every connection."""
        for writer in self._writers.values():
            await writer.close()
        await self._place.close()

    def _lanes(self, kinds: Collection[str]) -> list[Lane]:
        if kinds and all(_is_internal(kind) for kind in kinds):
            return [Lane(self._place, self._key(INTERNAL), WHOLE, kinds)]
        return [
            Lane(self._place, self._key(number), Share(number, self._count), kinds)
            for number in range(self._count)
        ]

    def _writer(self, number: int) -> Writer:
        if number not in self._writers:
            retention_s = self._settings.retention.total_seconds()
            window_s = self._settings.repair_window.total_seconds()
            writer = Writer(self._place, self._key(number), retention_s, window_s)
            if number == INTERNAL:
                writer.on_new_run = self._doubt
            self._writers[number] = writer
        return self._writers[number]

    def _number(self, topic: str) -> int:
        if _is_internal(topic):
            return INTERNAL
        return 0 if self._count == 1 else number_of(topic, self._count)

    def _key(self, number: int) -> str:
        """Return the key of a stream; what stands in braces decides its place in a cluster."""
        tag = "internal" if number == INTERNAL else number
        return f"{self._settings.stream}:{{{tag}}}"

    def _doubt(self) -> None:
        """Agree again: a server that came back empty has forgotten what was agreed on."""
        self._has_agreed = False

    async def _agree(self) -> None:
        """Refuse to work with another number of streams than the other processes have."""
        known = await self._writer(INTERNAL).agree("shards", str(self._count))
        if known != str(self._count):
            raise ShardsDiffer(self._count, known)
        self._has_agreed = True


@asynccontextmanager
async def redis_bus(url: str, settings: RedisSettings) -> AsyncIterator[RedisBus]:
    """Open the bus; its connections close with the block."""
    bus = RedisBus(place_of(url), settings)
    try:
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def _merged(lanes: Sequence[Lane]) -> AsyncIterator[AsyncIterator[Batch]]:
    """Read several streams at once, each with a task of its own.

    No task group: it would wrap what the subscriber itself raises, and one lane is not wrapped.
    """
    waiting: asyncio.Queue[Batch | Exception] = asyncio.Queue(AHEAD * len(lanes))

    async def read(lane: Lane) -> None:
        try:
            async for batch in lane.batches():
                await waiting.put(batch)
        except Exception as error:  # noqa: BLE001 - the subscriber gets it
            await waiting.put(error)

    async def batches() -> AsyncIterator[Batch]:
        while True:
            found = await waiting.get()
            if isinstance(found, Exception):
                raise found
            yield found

    tasks = [asyncio.create_task(read(lane), name="bus-lane") for lane in lanes]
    try:
        yield batches()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _is_internal(kind: str) -> bool:
    return kind.startswith("_")
