"""How the sources of market data and what they backfill are put together, opened and closed."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from quarterdeck.api.marketdata.v1 import source_service_pb2_grpc
from quarterdeck_server.marketdata.acts import Stage
from quarterdeck_server.marketdata.backfill import Archive, Backfills
from quarterdeck_server.marketdata.servicers.source import SourceServicer
from quarterdeck_server.marketdata.source_ports import Source
from quarterdeck_server.marketdata.sources import Sources
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
    archive = Archive(stage.instruments, stage.history)
    backfills = Backfills(playing, archive, shared, options.backfill_patience)
    try:
        await playing.open()
        async with backfills.running():
            source = SourceServicer(playing, backfills)
            yield [
                Service(
                    f"{PACKAGE}.SourceService",
                    partial(source_service_pb2_grpc.add_SourceServiceServicer_to_server, source),
                ),
            ]
    finally:
        await playing.close()
