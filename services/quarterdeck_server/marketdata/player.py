"""One source at work: it publishes, is tried again when it fails, and says how far it is."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import structlog

from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.marketdata import metrics
from quarterdeck_server.marketdata.domain.publication import Publishable
from quarterdeck_server.marketdata.domain.source import SourceRecord, SourceState
from quarterdeck_server.marketdata.ingest import Ingest
from quarterdeck_server.marketdata.mapping.publish import entries_of
from quarterdeck_server.marketdata.source_ports import Source
from quarterdeck_server.runtime.clock import Clock

log = structlog.get_logger()

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0

type Performance = Callable[[], Awaitable[None]]


class Player:
    """Runs a source and keeps its record. It is the publisher that the source writes to."""

    def __init__(self, source: Source, record: SourceRecord, ingest: Ingest, clock: Clock) -> None:
        self.source, self._record = source, record
        self.turn = asyncio.Lock()
        self.on_change: Callable[[], None] = lambda: None
        self._ingest, self._clock = ingest, clock
        self._task: asyncio.Task[None] | None = None
        self._clear: Callable[[], Awaitable[None]] = _nothing

    @property
    def record(self) -> SourceRecord:
        """The source as it stands; whoever listens is told when it is replaced."""
        return self._record

    @record.setter
    def record(self, record: SourceRecord) -> None:
        self._record = record
        self.on_change()

    @property
    def is_playing(self) -> bool:
        """Whether it is at work or waits to be tried again."""
        return self._task is not None and not self._task.done()

    def adopt(self, task: asyncio.Task[None], clear: Callable[[], Awaitable[None]]) -> None:
        """Take the task in which it plays, and what lets go of what the task never came to."""
        self._task, self._clear = task, clear

    async def halt(self) -> None:
        """Stop at once; the record stays as it is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
            await self._clear()
        self._gauge(0)

    async def publish(self, batches: Sequence[Publishable]) -> None:
        """Publish what the source says, and note how far it is."""
        await self._ingest.publish(entries_of(batches), self.record.name)
        if not batches:
            return
        newest = max(int(batch.times[-1]) for batch in batches)
        # Only how far it is: nobody is told at each batch.
        self._record = replace(
            self.record,
            event_time_ns=max(newest, self.record.event_time_ns or 0),
            published_rows=self.record.published_rows + sum(map(len, batches)),
            last_publish_time_ns=self._clock.now_ns(),
        )

    async def play(self, perform: Performance) -> None:
        """Perform to the end; begin again, after a pause, whenever that fails."""
        pause = FIRST_PAUSE_S
        while True:
            rows = self.record.published_rows
            self._gauge(1)
            try:
                await perform()
            except Exception as error:  # noqa: BLE001 - a vendor's code may raise anything
                self._note_failure(error)
            else:
                self._gauge(0)
                self.record = replace(self.record, state=SourceState.ENDED, failure="")
                log.info("source_ended", source=self.record.name)
                return
            if self.record.published_rows > rows:
                pause = FIRST_PAUSE_S
            await asyncio.sleep(random.uniform(0.5, 1.0) * pause)  # noqa: S311 - spreads
            pause = min(pause * 2, LONGEST_PAUSE_S)

    def note_running(self) -> None:
        """Say that it is at work again."""
        self.record = replace(self.record, state=SourceState.RUNNING, failure="")

    def _note_failure(self, error: Exception) -> None:
        known = isinstance(error, QuarterdeckError)
        text = str(error) if known else f"internal error: {type(error).__name__}, see the log"
        self._gauge(0)
        self.record = replace(self.record, state=SourceState.FAILED, failure=text)
        metrics.SOURCE_FAILURES.labels(self.record.name).inc()
        log.warning("source_failed", source=self.record.name, exc_info=not known, error=text)

    def _gauge(self, value: int) -> None:
        metrics.RUNNING.labels(self.record.name).set(value)


async def _nothing() -> None:
    """Let go of nothing."""
