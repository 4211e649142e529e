"""How the market data area is put together, opened and closed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from quarterdeck.api.marketdata.v1 import (
    history_service_pb2_grpc,
    ingest_service_pb2_grpc,
    instrument_service_pb2_grpc,
)
from quarterdeck_server.kernel.time import NS, ns
from quarterdeck_server.marketdata.acts import Stage
from quarterdeck_server.marketdata.calendars import Calendars
from quarterdeck_server.marketdata.domain.rate import Rate
from quarterdeck_server.marketdata.domain.sequence import Sequencer
from quarterdeck_server.marketdata.halts import Halts
from quarterdeck_server.marketdata.hours import Hours
from quarterdeck_server.marketdata.ingest import Gate, Ingest
from quarterdeck_server.marketdata.instruments import Instruments
from quarterdeck_server.marketdata.jobs import maintain, prune, set_retention
from quarterdeck_server.marketdata.outlet import Outlet
from quarterdeck_server.marketdata.rates import Rates
from quarterdeck_server.marketdata.recovery import Past, Recovery
from quarterdeck_server.marketdata.sectors import SectorImporter
from quarterdeck_server.marketdata.servicers.history import HistoryServicer
from quarterdeck_server.marketdata.servicers.ingest import IngestServicer
from quarterdeck_server.marketdata.servicers.instrument import InstrumentServicer
from quarterdeck_server.marketdata.source_ports import Source
from quarterdeck_server.marketdata.source_wiring import open_sources
from quarterdeck_server.marketdata.store.halt import PostgresHaltStore
from quarterdeck_server.marketdata.store.history import PostgresHistoryStore
from quarterdeck_server.marketdata.store.instrument import PostgresInstrumentStore
from quarterdeck_server.marketdata.store.recovery import PostgresRecoveryStore
from quarterdeck_server.marketdata.store.source import PostgresSourceStore
from quarterdeck_server.marketdata.writer import HistoryWriter
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.settings import MarketDataSettings, Settings

DRAIN_S = 10.0
PACKAGE = "quarterdeck.api.marketdata.v1"


@asynccontextmanager
async def open(  # noqa: A001 - every area is opened by this name
    settings: Settings, shared: Shared, sources: Sequence[Source]
) -> AsyncIterator[Sequence[Service]]:
    """Open the area; at the end the sources halt and what waits is written to history."""
    options = settings.marketdata
    source_store = PostgresSourceStore(shared.postgres)
    epoch = await source_store.new_epoch(shared.clock.now_ns() // NS)
    instruments = Instruments(PostgresInstrumentStore(shared.postgres))
    await instruments.load()
    await set_retention(shared.postgres, options.tick_retention)
    history = PostgresHistoryStore(shared.postgres, instruments.number, options.bar_settle_time)
    writer = HistoryWriter(history, options.history_queue_rows)
    outlet = Outlet(shared.bus, shared.clock, Sequencer(epoch))
    gate = await _gate(options, shared, instruments)
    ingest = Ingest(gate, outlet, writer, shared.clock)
    past = Past(shared.bus, settings.redis.retention, epoch, shared.clock.now_ns())
    lost = PostgresRecoveryStore(shared.postgres, history, instruments.number)
    works: dict[str, Callable[[], Awaitable[None]]] = {
        "history": writer.run,
        "recovery": Recovery(past, lost, writer).run,
        "partitions": partial(maintain, shared.postgres),
        "pruning": partial(prune, shared.postgres, options.minute_retention),
        "hours": _hours(gate, ingest, shared).run,
    }
    for name, work in works.items():
        shared.background.start(f"marketdata-{name}", work)
    stage = Stage(source_store, instruments, history, ingest, outlet)
    try:
        async with open_sources(options, shared, sources, stage) as services:
            own = _services(
                InstrumentServicer(instruments, SectorImporter(instruments, shared.compute)),
                IngestServicer(ingest, _rates(options, shared), shared.clock),
                HistoryServicer(instruments, history),
            )
            yield [*own, *services]
    finally:
        await writer.drain(DRAIN_S)


async def _gate(options: MarketDataSettings, shared: Shared, instruments: Instruments) -> Gate:
    halts = Halts(PostgresHaltStore(shared.postgres))
    await halts.load()
    return Gate(instruments, halts, ns(options.future_tolerance))


def _hours(gate: Gate, ingest: Ingest, shared: Shared) -> Hours:
    hours = Hours(gate, Calendars(shared.clock), ingest, shared.clock)
    gate.instruments.on_change = hours.wake
    ingest.on_lifted = hours.tell_again
    return hours


def _rates(options: MarketDataSettings, shared: Shared) -> Rates:
    rate = Rate(options.publish_rows_per_second, options.publish_burst.total_seconds())
    return Rates(rate, options.publish_streams_per_principal, shared.clock)


def _services(
    instrument: InstrumentServicer,
    ingest: IngestServicer,
    history: HistoryServicer,
) -> list[Service]:
    adders = (
        partial(instrument_service_pb2_grpc.add_InstrumentServiceServicer_to_server, instrument),
        partial(ingest_service_pb2_grpc.add_IngestServiceServicer_to_server, ingest),
        partial(history_service_pb2_grpc.add_HistoryServiceServicer_to_server, history),
    )
    nouns = ("Instrument", "Ingest", "History")
    return [
        Service(f"{PACKAGE}.{noun}Service", add) for noun, add in zip(nouns, adders, strict=True)
    ]
