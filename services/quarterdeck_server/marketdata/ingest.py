"""Taking market data in: everything is checked before anything is published."""

import asyncio
from collections.abc import Sequence

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata import metrics
from quarterdeck_server.marketdata.domain import faults
from quarterdeck_server.marketdata.domain.columns import Batch, kind
from quarterdeck_server.marketdata.domain.publication import Acknowledgement, Entry
from quarterdeck_server.marketdata.domain.sequence import Lateness
from quarterdeck_server.marketdata.instruments import Instruments
from quarterdeck_server.marketdata.outlet import NotPublished, Outlet, Parcel
from quarterdeck_server.marketdata.ports import Sequenced
from quarterdeck_server.marketdata.writer import HistoryWriter
from quarterdeck_server.runtime.bus import Message
from quarterdeck_server.runtime.clock import Clock

MAX_ROWS = 100_000


class Ingest:
    """Checks, sequences and publishes batches, and hands them to history."""

    def __init__(
        self, instruments: Instruments, outlet: Outlet, writer: HistoryWriter, clock: Clock
    ) -> None:
        self._instruments, self._outlet = instruments, outlet
        self._writer, self._clock = writer, clock
        self._lateness = Lateness()

    async def publish(self, entries: Sequence[Entry]) -> list[Acknowledgement]:
        """Publish all entries, or none when one of them has a fault."""
        self._check(entries)
        if not entries:
            return []
        # A caller that gives up must not keep what readers got out of history.
        return await asyncio.shield(asyncio.create_task(self._publish(entries)))

    def forget_times(self, instruments: Sequence[str]) -> None:
        """Expect a clock that was set back: rows of these instruments are not late for it."""
        self._lateness.forget(instruments)

    async def _publish(self, entries: Sequence[Entry]) -> list[Acknowledgement]:
        parcels = [Parcel(e.batch.topic, len(e.batch), e.payload) for e in entries]
        try:
            messages = await self._outlet.send(parcels)
        except NotPublished as error:
            for entry, message in zip(entries, error.messages, strict=True):
                self._writer.leave_out(_sequenced(entry.batch, message))
            raise
        pairs = list(zip(entries, messages, strict=True))
        for entry, message in pairs:
            self._count(entry.batch)
            self._writer.put(_sequenced(entry.batch, message))
        return [self._acknowledgement(message) for _, message in pairs]

    def _check(self, entries: Sequence[Entry]) -> None:
        rows = 0
        now_ns = self._clock.now_ns()
        for entry in entries:
            rows += len(entry.batch)
            if rows > MAX_ROWS:
                raise InvalidField(entry.field, f"must end within {MAX_ROWS:,} rows a request")
            instrument = self._instruments.find(entry.batch.instrument, f"{entry.field}.instrument")
            faults.check(entry.batch, instrument, now_ns, entry.field)

    def _count(self, batch: Batch) -> None:
        metrics.PUBLISHED.labels(kind(batch)).inc(len(batch))
        late = self._lateness.late(batch.instrument, batch.topic, batch.times)
        if late:
            metrics.LATE.labels(kind(batch)).inc(late)

    def _acknowledgement(self, message: Message) -> Acknowledgement:
        return Acknowledgement(
            topic=message.topic,
            epoch=message.epoch,
            first_sequence=message.sequence,
            last_sequence=message.sequence + message.rows - 1,
            durable_through=self._writer.durable_through(message.topic),
        )


def _sequenced(batch: Batch, message: Message) -> Sequenced:
    return Sequenced(batch, message.epoch, message.sequence, message.publish_time_ns)
