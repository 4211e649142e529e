"""Taking market data in: everything is checked before anything is published."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata import metrics
from quarterdeck_server.marketdata.domain import faults
from quarterdeck_server.marketdata.domain.columns import Bars, Quotes, Trades
from quarterdeck_server.marketdata.domain.publication import Acknowledgement, Entry, Publishable
from quarterdeck_server.marketdata.domain.sequence import Lateness
from quarterdeck_server.marketdata.halts import Halts
from quarterdeck_server.marketdata.instruments import Instruments
from quarterdeck_server.marketdata.outlet import NotPublished, Outlet, Parcel
from quarterdeck_server.marketdata.ports import Sequenced
from quarterdeck_server.marketdata.writer import HistoryWriter
from quarterdeck_server.runtime.bus import Message
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.eager import begin

MAX_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Gate:
    """What decides whether something is published."""

    instruments: Instruments
    halts: Halts
    future_ns: int
    """How far after now an event time may lie."""


class Ingest:
    """Checks, sequences and publishes batches, and hands them to history."""

    def __init__(self, gate: Gate, outlet: Outlet, writer: HistoryWriter, clock: Clock) -> None:
        self._gate, self._outlet = gate, outlet
        self._writer, self._clock = writer, clock
        self._lateness = Lateness()
        self.on_lifted: Callable[[Sequence[str]], None] = lambda _: None

    async def publish(self, entries: Sequence[Entry], origin: str) -> list[Acknowledgement]:
        """Publish all entries, or none when one of them has a fault.

        ``origin`` is who says so: a principal, a source or a calendar, by name.
        """
        self._check(entries, origin)
        if not entries:
            return []
        # A caller that gives up must not keep what readers got out of history.
        return await asyncio.shield(begin(self._publish(entries, origin)))

    def forget_times(self, instruments: Sequence[str]) -> None:
        """Expect a clock that was set back: rows of these instruments are not late for it."""
        self._lateness.forget(instruments)

    async def repeat(self, entries: Sequence[Entry]) -> None:
        """Say again what holds, word for word, to those who begin to listen."""
        if entries:
            await self._send(entries)

    async def _publish(self, entries: Sequence[Entry], origin: str) -> list[Acknowledgement]:
        lifted = await self._gate.halts.note(entries, origin)
        messages = await self._send(entries)
        if lifted:
            self.on_lifted(lifted)
        return [self._acknowledgement(message) for message in messages]

    async def _send(self, entries: Sequence[Entry]) -> list[Message]:
        parcels = [Parcel(e.batch.topic, len(e.batch), e.payload) for e in entries]
        try:
            messages = await self._outlet.send(parcels)
        except NotPublished as error:
            for item in _stored(entries, error.messages):
                self._writer.leave_out(item)
            raise
        for item in _stored(entries, messages):
            self._writer.put(item)
        for entry in entries:
            self._count(entry.batch)
        return messages

    def _check(self, entries: Sequence[Entry], origin: str) -> None:
        rows = 0
        latest_ns = self._clock.now_ns() + self._gate.future_ns
        for entry in entries:
            rows += len(entry.batch)
            if rows > MAX_ROWS:
                raise InvalidField(entry.field, f"must end within {MAX_ROWS:,} rows a request")
            name = entry.batch.instrument
            instrument = self._gate.instruments.find(name, f"{entry.field}.instrument")
            faults.check(entry.batch, instrument, latest_ns, entry.field)
        self._gate.halts.check(entries, origin)

    def _count(self, batch: Publishable) -> None:
        kind = topics.kind(batch.topic)
        metrics.PUBLISHED.labels(kind).inc(len(batch))
        late = self._lateness.late(batch.instrument, batch.topic, batch.times)
        if late:
            metrics.LATE.labels(kind).inc(late)

    def _acknowledgement(self, message: Message) -> Acknowledgement:
        return Acknowledgement(
            topic=message.topic,
            epoch=message.epoch,
            first_sequence=message.sequence,
            last_sequence=message.sequence + message.rows - 1,
            durable_through=self._writer.durable_through(message.topic),
        )


def _stored(entries: Sequence[Entry], messages: Sequence[Message]) -> Iterator[Sequenced]:
    """Return what history keeps of what was published."""
    for entry, message in zip(entries, messages, strict=True):
        batch = entry.batch
        if isinstance(batch, Quotes | Trades | Bars):
            yield Sequenced(batch, message.epoch, message.sequence, message.publish_time_ns)
