"""Opens the analytics area."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from quarterdeck.api.analytics.v1 import (
    attribution_service_pb2_grpc,
    performance_service_pb2_grpc,
)
from quarterdeck_server.analytics.gathering import Gatherer
from quarterdeck_server.analytics.measuring import Measurer
from quarterdeck_server.analytics.peers import HistoryPeer, ObservationPeer, TradingPeer
from quarterdeck_server.analytics.servicers.attribution import AttributionServicer
from quarterdeck_server.analytics.servicers.performance import PerformanceServicer
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.settings import Settings

PACKAGE = "quarterdeck.api.analytics.v1"


@asynccontextmanager
async def open(  # noqa: A001 - every area opens by this word
    _settings: Settings, shared: Shared
) -> AsyncIterator[Sequence[Service]]:
    """Offer the services; nothing runs between calls."""
    peers = shared.peers
    gatherer = Gatherer(TradingPeer(peers), HistoryPeer(peers), ObservationPeer(peers))
    measurer = Measurer(gatherer, shared.compute)
    performance = PerformanceServicer(measurer, shared.compute)
    attribution = AttributionServicer(measurer)
    add_performance = performance_service_pb2_grpc.add_PerformanceServiceServicer_to_server
    add_attribution = attribution_service_pb2_grpc.add_AttributionServiceServicer_to_server
    yield (
        Service(
            f"{PACKAGE}.PerformanceService", lambda server: add_performance(performance, server)
        ),
        Service(
            f"{PACKAGE}.AttributionService", lambda server: add_attribution(attribution, server)
        ),
    )
