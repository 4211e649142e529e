"""PerformanceService."""

from quarterdeck.api.analytics.v1 import performance_service_pb2 as pb
from quarterdeck.api.analytics.v1.performance_service_pb2_grpc import PerformanceServiceServicer
from quarterdeck_server.analytics.domain.performance import curve
from quarterdeck_server.analytics.mapping import performance as mapping
from quarterdeck_server.analytics.mapping.asking import asked_from, conventions_to
from quarterdeck_server.analytics.measuring import Measurer
from quarterdeck_server.analytics.servicers.scope import allowed
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.runtime.service import Context


class PerformanceServicer(PerformanceServiceServicer):
    """Serves what was earned."""

    def __init__(self, measurer: Measurer, compute: Compute) -> None:
        self._measurer, self._compute = measurer, compute

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
