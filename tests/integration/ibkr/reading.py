"""Running a feed in a test, and waiting for what it publishes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from quarterdeck_server.adapters.ibkr.source import IbkrSource
from quarterdeck_server.marketdata.domain.columns import Batch
from quarterdeck_server.marketdata.domain.source import LiveOptions

DEADLINE_S = 5.0


class Reader:
    """Takes what a source publishes."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.task: asyncio.Task[None] | None = None
        self.can_publish = asyncio.Event()
        self.can_publish.set()

    async def publish(self, batches: Sequence[Batch]) -> None:
        await self.can_publish.wait()
        self.batches += batches

    def of(self, kind: str) -> list[Batch]:
        return [batch for batch in self.batches if batch.topic.startswith(kind)]

    async def rows(self, kind: str, count: int = 1) -> list[Batch]:
        """Wait for so many rows of a kind."""
        await until(lambda: sum(map(len, self.of(kind))) >= count)
        return self.of(kind)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not is_so():  # noqa: ASYNC110 - what is looked at has no events
            await asyncio.sleep(0.002)


@asynccontextmanager
async def running(source: IbkrSource, *instruments: str, **what: object) -> AsyncIterator[Reader]:
    """Read instruments live for the length of the block."""
    feed = await source.connect(LiveOptions(instruments, **what))
    reader = Reader()
    described = {each.instrument: each for each in feed.instruments}
    reader.task = asyncio.create_task(feed.run(reader, described))
    try:
        yield reader
    finally:
        reader.task.cancel()
        await asyncio.gather(reader.task, return_exceptions=True)
        await feed.close()
