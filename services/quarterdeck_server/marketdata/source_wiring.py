"""How the sources of market data and what they backfill are put together, opened and closed."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from quarterdeck.api.marketdata.v1 import (
    filing_service_pb2_grpc,
    observation_service_pb2_grpc,
    source_service_pb2_grpc,
)
from quarterdeck_server.marketdata.acts import Stage
from quarterdeck_server.marketdata.backfill import Archive, Backfills
from quarterdeck_server.marketdata.refreshing import Refreshing
from quarterdeck_server.marketdata.servicers.filing import FilingServicer
from quarterdeck_server.marketdata.servicers.observation import ObservationServicer
from quarterdeck_server.marketdata.servicers.source import SourceServicer
from quarterdeck_server.marketdata.source_ports import Source
from quarterdeck_server.marketdata.sources import Sources
from quarterdeck_server.marketdata.store.filing import PostgresFilingStore
from quarterdeck_server.marketdata.store.observation import PostgresObservationStore
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.settings import MarketDataSettings

PACKAGE = "quarterdeck.api.marketdata.v1"


@asynccontextmanager
async def open_sources(
    options: MarketDataSettings, shared: Shared, sources: Sequence[Source], stage: Stage
) -> AsyncIterator[Sequence[Service]]:
    """Let sources go on, and backfills; at the end they halt, to go on in the next process."""
    playing = Sources(sources, stage, shared)
    observations = PostgresObservationStore(shared.postgres)
    filings = PostgresFilingStore(shared.postgres)
    archive = Archive(stage.instruments, stage.history, observations, filings, stage.outlet)
    backfills = Backfills(playing, archive, shared, options.backfill_patience)
    try:
        await playing.open()
        async with backfills.running():
            if options.refresh_interval:
                stores = (observations, filings)
                again = Refreshing(playing, backfills, stores, shared, options.refresh_interval)
                shared.background.start("marketdata-refreshing", again.run)
            yield _services(
                SourceServicer(playing, backfills),
                ObservationServicer(observations),
                FilingServicer(filings),
            )
    finally:
        await playing.close()


def _services(
    source: SourceServicer, observation: ObservationServicer, filing: FilingServicer
) -> list[Service]:
    adders = (
        partial(source_service_pb2_grpc.add_SourceServiceServicer_to_server, source),
        partial(observation_service_pb2_grpc.add_ObservationServiceServicer_to_server, observation),
        partial(filing_service_pb2_grpc.add_FilingServiceServicer_to_server, filing),
    )
    nouns = ("Source", "Observation", "Filing")
    return [
        Service(f"{PACKAGE}.{noun}Service", add) for noun, add in zip(nouns, adders, strict=True)
    ]
