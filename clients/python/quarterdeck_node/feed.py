"""The market data that a node wants, from one stream of the deck."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection

from quarterdeck import (
    DELIVERY_ALL,
    AsyncClient,
    AsyncWatch,
    Disconnected,
    Event,
    Gap,
    Heartbeat,
    Item,
    SessionOpened,
    Skipped,
    Stale,
    UnannouncedGap,
)
from quarterdeck.errors import InvalidRequest, QuarterdeckError
from quarterdeck_node.pause import Backoff

LOG = logging.getLogger(__name__)
GATHERING = 0.2
"""Seconds in which the strategies' subscriptions are gathered for the first stream."""


class Feed:
    """Holds one stream for all topics wanted, and counts what came and what was lost."""

    def __init__(self, client: AsyncClient, take: Callable[[Event], None]) -> None:
        self._client, self._take = client, take
        self._wanted: dict[str, int] = {}
        self._changed = asyncio.Event()
        self._opened = asyncio.Event()
        self.received_rows = 0
        self.lost_rows = 0
        self.is_connected = False

    def want(self, topic: str) -> None:
        """Subscribe to a topic; it may be wanted more than once."""
        self._wanted[topic] = self._wanted.get(topic, 0) + 1
        self._changed.set()

    def drop(self, topic: str) -> None:
        """Take one wish for a topic back."""
        count = self._wanted.get(topic, 0)
        if count > 1:
            self._wanted[topic] = count - 1
        elif count:
            del self._wanted[topic]
            self._changed.set()

    async def run(self) -> None:
        """Read for ever; a stream that cannot be resumed is opened anew."""
        backoff = Backoff()
        while True:
            await self._changed.wait()
            await asyncio.sleep(GATHERING)
            self._changed.clear()
            try:
                if self._wanted:
                    await self._read(backoff)
            except QuarterdeckError as error:
                LOG.exception("market data stopped")
                self._changed.set()
                await backoff.wait(error.retry_after)
            finally:
                self.is_connected = False

    async def _read(self, backoff: Backoff) -> None:
        topics = set(self._wanted)
        self._opened.clear()
        async with self._client.watch(*topics, delivery=DELIVERY_ALL) as watch:
            keeper = asyncio.create_task(self._keep(watch, topics))
            try:
                async for item in watch:
                    self._read_item(item)
                    if isinstance(item, Heartbeat):
                        backoff.reset()
            finally:
                keeper.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await keeper

    async def _keep(self, watch: AsyncWatch, topics: set[str]) -> None:
        """Let an open stream follow what is wanted."""
        while True:
            await self._opened.wait()
            await self._changed.wait()
            self._changed.clear()
            wanted = set(self._wanted)
            try:
                await _follow(watch, wanted - topics, topics - wanted)
                topics.clear()
                topics.update(wanted)
            except InvalidRequest:
                LOG.exception("a topic cannot be subscribed to")
            except QuarterdeckError as error:
                LOG.warning("subscriptions wait: %s", error)
                self._changed.set()
                await asyncio.sleep(1.0)

    def _read_item(self, item: Item) -> None:
        match item:
            case Event():
                self.received_rows += item.row_count
                self._take(item)
            case SessionOpened():
                self.is_connected = True
                self._opened.set()
            case Disconnected():
                self.is_connected = False
                self._opened.clear()
                LOG.warning("market data disconnected: %s", item.error)
            case Stale():
                LOG.warning("%s is silent", item.topic)
            case Gap() | UnannouncedGap():
                self._lost(item.topic, item.last_lost_sequence - item.first_lost_sequence + 1)
            case Skipped():
                self._lost(item.topic, item.count)
            case _:
                pass

    def _lost(self, topic: str, rows: int) -> None:
        """Count what is missing; a change of epoch does not say how much, and counts as one."""
        self.lost_rows += max(1, rows)
        LOG.warning("%s lost %d rows", topic, max(1, rows))


async def _follow(watch: AsyncWatch, added: Collection[str], removed: Collection[str]) -> None:
    if added:
        await watch.subscribe(*added, delivery=DELIVERY_ALL)
    if removed:
        await watch.unsubscribe(*removed)
