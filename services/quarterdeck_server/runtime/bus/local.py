"""The bus within one process: for the all-in-one shape and for tests."""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from quarterdeck_server.kernel import topics
from quarterdeck_server.runtime.bus.message import Batch, Message

LONGEST_QUEUE = 200_000


class LocalBus:
    """Hands messages to the subscribers of this process and keeps those of the last minute."""

    def __init__(self, retention: timedelta = timedelta(seconds=60)) -> None:
        self._retention_s = retention.total_seconds()
        # With the time it came by a clock that never steps: else what came before the clock was
        # set back would be kept for as long as that.
        self._kept: deque[tuple[float, Message]] = deque()
        self._subscribers: set[_Subscriber] = set()
        self._epoch = time.time_ns() // 1_000_000
        self._numbers: defaultdict[str, int] = defaultdict(int)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Hand messages over."""
        now = time.monotonic()
        self._kept.extend((now, message) for message in messages)
        while self._kept and self._kept[0][0] < now - self._retention_s:
            self._kept.popleft()
        for subscriber in self._subscribers:
            subscriber.put(messages)

    async def append(
        self, topic: str, payload: bytes, *, publish_time_ns: int, rows: int = 1
    ) -> Message:
        """Publish with the next sequence number of the topic."""
        first = self._numbers[topic] + 1
        self._numbers[topic] += rows
        message = Message(topic, self._epoch, first, rows, publish_time_ns, payload)
        await self.publish([message])
        return message

    @asynccontextmanager
    async def subscribe(
        self, kinds: Collection[str], *, replay: timedelta = timedelta(0)
    ) -> AsyncIterator[AsyncIterator[Batch]]:
        """Read the messages of the kinds, from ``replay`` ago on."""
        subscriber = _Subscriber(frozenset(kinds))
        if replay:
            oldest = time.monotonic() - replay.total_seconds()
            subscriber.put([message for at, message in self._kept if at >= oldest])
        self._subscribers.add(subscriber)
        try:
            yield subscriber.batches()
        finally:
            self._subscribers.discard(subscriber)

    async def ping(self) -> None:
        """Return at once: this process is here."""


class _Subscriber:
    """What waits for one reader. A reader that lets too much wait loses it, and is told."""

    def __init__(self, kinds: frozenset[str]) -> None:
        self._kinds = kinds
        self._waiting: list[Message] = []
        self._lost = False
        self._arrived = asyncio.Event()

    def put(self, messages: Sequence[Message]) -> None:
        wanted = (
            [m for m in messages if topics.kind(m.topic) in self._kinds]
            if self._kinds
            else messages
        )
        if not wanted:
            return
        if len(self._waiting) + len(wanted) > LONGEST_QUEUE:
            self._waiting.clear()
            self._lost = True
        self._waiting.extend(wanted)
        self._arrived.set()

    async def batches(self) -> AsyncIterator[Batch]:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            messages, self._waiting = self._waiting, []
            lost, self._lost = self._lost, False
            yield Batch(tuple(messages), lost)
