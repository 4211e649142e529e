"""What a process that died had published and not yet stored: the bus still has it.

History is written beside the stream, so a killed process takes with it what waited. The next one
reads the last minute of the bus when it starts, and stores what history lacks of earlier epochs.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.marketdata import metrics
from quarterdeck_server.marketdata.domain.columns import kind
from quarterdeck_server.marketdata.mapping.batch import PARSERS
from quarterdeck_server.marketdata.ports import HistoryRefused, Sequenced
from quarterdeck_server.marketdata.writer import HistoryWriter
from quarterdeck_server.runtime.bus import Bus, Message

log = structlog.get_logger()

WRITE_ROWS = 10_000
QUIET_S = 2.0
"""The bus has no more of the past when nothing came for so long."""
OVERLAP_NS = NS
PAUSE_S = 1.0

type Run = tuple[str, int]
"""A topic and an epoch."""


class RecoveryStore(Protocol):
    """Stores what may be stored already."""

    async def has(self, item: Sequenced) -> bool:
        """Tell whether the last row of a batch is stored."""
        ...

    async def put(self, items: Sequence[Sequenced]) -> None:
        """Store what is not there yet. Raises HistoryRefused, or Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier processes published: the messages of epochs before ours.

    Ours are dated by our clock, so they tell when the past is over; theirs may be wrong.
    """

    bus: Bus
    window: timedelta
    epoch: int
    began_ns: int

    async def messages(self) -> AsyncGenerator[Message]:
        """Read what earlier processes published, as far as the bus still has it."""
        async with self.bus.subscribe(tuple(PARSERS), replay=self.window) as batches:
            while True:
                try:
                    batch = await asyncio.wait_for(anext(batches), QUIET_S)
                except TimeoutError:
                    return
                for message in batch.messages:
                    if message.epoch < self.epoch:
                        yield message
                    elif message.publish_time_ns > self.began_ns + OVERLAP_NS:
                        return


class Recovery:
    """Stores what history lacks of the past."""

    def __init__(self, past: Past, store: RecoveryStore, writer: HistoryWriter) -> None:
        self._past, self._store, self._writer = past, store, writer

    async def run(self) -> None:
        """Look at the newest of each topic first: mostly there is nothing to do."""
        lacking = await self._lacking()
        if not lacking:
            return
        rows = 0
        async for items in self._chunks(lacking):
            await self._insist(items)
            rows += sum(len(item.batch) for item in items)
        log.info("history_recovered", topics=len(lacking), rows=rows)

    async def _lacking(self) -> set[Run]:
        newest: dict[Run, Message] = {}
        async with aclosing(self._past.messages()) as messages:
            async for message in messages:
                newest[message.topic, message.epoch] = message
        return {run for run, last in newest.items() if not await self._has(sequenced(last))}

    async def _chunks(self, lacking: set[Run]) -> AsyncIterator[list[Sequenced]]:
        items: list[Sequenced] = []
        rows = 0
        async with aclosing(self._past.messages()) as messages:
            async for message in messages:
                if (message.topic, message.epoch) in lacking:
                    items.append(sequenced(message))
                    rows += message.rows
                if rows >= WRITE_ROWS:
                    yield items
                    items, rows = [], 0
        if items:
            yield items

    async def _has(self, item: Sequenced) -> bool:
        while True:
            try:
                return await self._store.has(item)
            except Unavailable:
                await asyncio.sleep(PAUSE_S)

    async def _insist(self, items: Sequence[Sequenced]) -> None:
        """Write until the database answers; some of it is there already."""
        while True:
            try:
                await self._store.put(items)
            except Unavailable:
                await asyncio.sleep(PAUSE_S)
            except HistoryRefused as error:
                log.warning("history_refused", batches=len(items), error=str(error))
                for item in items:
                    self._writer.leave_out(item)
                return
            else:
                for item in items:
                    metrics.RECOVERED.labels(kind(item.batch)).inc(len(item.batch))
                return


def sequenced(message: Message) -> Sequenced:
    """Read a message of the bus as what is on its way to history."""
    batch = PARSERS[topics.kind(message.topic)](message.payload)
    return Sequenced(batch, message.epoch, message.sequence, message.publish_time_ns)
