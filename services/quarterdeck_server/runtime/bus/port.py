"""The port of the bus."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

from quarterdeck_server.runtime.bus.message import Batch, Message


class Bus(Protocol):
    """Carries messages from the process that owns a topic to every process that wants its kind."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """Hand messages over; when this returns, the bus holds them. Raises Unavailable."""
        ...

    async def append(
        self, topic: str, payload: bytes, *, publish_time_ns: int, rows: int = 1
    ) -> Message:
        """Publish with the next sequence number of the topic, which the bus itself gives.

        For topics that several processes publish to; all of them publish to it in this way alone.
        The epoch changes when the bus may have forgotten numbers. Returns what was published.
        Raises Unavailable; then it may have been published all the same.
        """
        ...

    def subscribe(
        self, kinds: Collection[str], *, replay: timedelta = timedelta(0)
    ) -> AbstractAsyncContextManager[AsyncIterator[Batch]]:
        """Read the messages of the kinds, all kinds if empty, from ``replay`` ago on.

        The subscription holds from the moment the block is entered.
        """
        ...

    async def ping(self) -> None:
        """Return when the bus answers. Raises Unavailable."""
        ...
