"""PerformanceService."""

from quarterdeck.api.analytics.v1 import performance_service_pb2 as pb
from quarterdeck.api.analytics.v1.performance_service_pb2_grpc import PerformanceServiceServicer
from quarterdeck_server.analytics.domain.performance import curve
from quarterdeck_server.analytics.live import (
    DEFAULT_RATE,
    HEARTBEAT_S,
    LivePerformance,
    Means,
    PerformanceStream,
    Pulse,
)
from quarterdeck_server.analytics.mapping import performance as mapping
from quarterdeck_server.analytics.mapping.asking import asked_from, choices_from, conventions_to
from quarterdeck_server.analytics.mapping.live import portfolio_from
from quarterdeck_server.analytics.measuring import Measurer
from quarterdeck_server.analytics.servicers.scope import allowed
from quarterdeck_server.runtime.caller import current
from quarterdeck_server.runtime.service import Context
from quarterdeck_server.runtime.streaming import Streaming, heartbeat_s


class PerformanceServicer(PerformanceServiceServicer):
    """Serves what was earned."""

    def __init__(self, measurer: Measurer, means: Means, streaming: Streaming) -> None:
        self._measurer, self._means, self._streaming = measurer, means, streaming
        self._compute = means.compute

    async def ComputePerformance(
        self, request: pb.ComputePerformanceRequest, context: Context
    ) -> pb.ComputePerformanceResponse:
        asked = allowed(asked_from(request))
        found = await self._measurer.performance(asked)
        performance = mapping.performance_to(found, asked.choices)
        answer = pb.ComputePerformanceResponse(performance=performance)
        if request.with_columns:
            line = await self._compute.thread(curve, found.track)
            answer.columns.CopyFrom(mapping.columns_to(found.track, line))
            answer.drawdowns.extend(mapping.drawdowns_to(found.track, line))
        return answer

    async def ComputeRolling(
        self, request: pb.ComputeRollingRequest, context: Context
    ) -> pb.ComputeRollingResponse:
        asked = allowed(asked_from(request))
        statistics, window = mapping.statistics_from(request)
        matched, found = await self._measurer.rolling(asked, statistics, window)
        return pb.ComputeRollingResponse(
            columns=map(mapping.windows_to, found),
            conventions=conventions_to(asked.choices),
            count=len(matched.track.returns),
            window=window,
            unmatched_days=matched.unmatched,
        )

    async def ComparePerformance(
        self, request: pb.ComparePerformanceRequest, context: Context
    ) -> pb.ComparePerformanceResponse:
        asked = allowed(asked_from(request))
        found = await self._measurer.comparison(asked)
        return mapping.comparison_to(found, asked.choices)

    # It writes encoded answers to the context itself: awaiting the write is the backpressure.
    async def WatchPerformance(  # type: ignore[override]
        self, request: pb.WatchPerformanceRequest, context: Context
    ) -> None:
        portfolio = portfolio_from(request.portfolio)
        current().require_scope(portfolio.account, portfolio.strategy, "portfolio.account")
        live = LivePerformance(self._means, portfolio, choices_from(request.conventions))
        await live.now()  # what is refused is refused before the stream begins
        pulse = Pulse(request.max_rate or DEFAULT_RATE, heartbeat_s(request, HEARTBEAT_S))
        stream = PerformanceStream(live, pulse)
        await self._streaming.run(context, stream.answers(), stream.ended)
