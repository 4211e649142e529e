"""Opens the analytics area."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

from quarterdeck.api.analytics.v1 import (
    performance_service_pb2_grpc,
)
from quarterdeck_server.analytics.attribution_wiring import attribution_service
from quarterdeck_server.analytics.execution_wiring import execution_service
from quarterdeck_server.analytics.gathering import Gatherer
from quarterdeck_server.analytics.live import Means
from quarterdeck_server.analytics.live_quality import Changes
from quarterdeck_server.analytics.measuring import Measurer
from quarterdeck_server.analytics.peers import HistoryPeer, ObservationPeer, TradingPeer
from quarterdeck_server.analytics.profits import Profits
from quarterdeck_server.analytics.report_wiring import report_service
from quarterdeck_server.analytics.servicers.performance import PerformanceServicer
from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.runtime.encoded import register
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.runtime.streaming import Streaming
from quarterdeck_server.settings import Settings

PACKAGE = "quarterdeck.api.analytics.v1"


@asynccontextmanager
async def open(  # noqa: A001 - every area opens by this word
    settings: Settings, shared: Shared
) -> AsyncIterator[Sequence[Service]]:
    """Offer the services; between calls only live profits are followed."""
    peers = shared.peers
    gatherer = Gatherer(TradingPeer(peers), HistoryPeer(peers), ObservationPeer(peers))
    measurer = Measurer(gatherer, shared.compute)
    trading = settings.trading
    profits = Profits(shared.bus, DayRoll(ZoneInfo(trading.day_zone), trading.day_roll))
    means = Means(gatherer, profits, shared.compute, shared.clock)
    performance = PerformanceServicer(measurer, means, Streaming(shared.live))
    add_performance = performance_service_pb2_grpc.add_PerformanceServiceServicer_to_server
    changes = Changes(shared.bus)
    async with _running(shared, profits, changes):
        yield (
            Service(
                f"{PACKAGE}.PerformanceService",
                register(add_performance, performance, frozenset({"WatchPerformance"})),
            ),
            attribution_service(settings.trading, shared, measurer),
            report_service(settings.trading, shared, measurer),
            execution_service(shared, changes),
        )


@asynccontextmanager
async def _running(shared: Shared, profits: Profits, changes: Changes) -> AsyncIterator[None]:
    """Follow live profits, and for those who watch them orders, while the block runs."""
    start = shared.background.start
    tasks = [
        start("analytics-profits", profits.run),
        start("analytics-restatements", profits.hear),
        start("analytics-executions", changes.run),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
