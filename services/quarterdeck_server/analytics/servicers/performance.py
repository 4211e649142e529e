"""PerformanceService."""

from quarterdeck.api.analytics.v1 import performance_pb2
from quarterdeck.api.analytics.v1 import performance_service_pb2 as pb
from quarterdeck.api.analytics.v1.performance_service_pb2_grpc import PerformanceServiceServicer
from quarterdeck_server.analytics.domain.performance import curve
from quarterdeck_server.analytics.domain.subject import Named, Portfolio
from quarterdeck_server.analytics.mapping import performance as mapping
from quarterdeck_server.analytics.mapping.asking import choices_from, period_from, subject_from
from quarterdeck_server.analytics.measuring import Measurer
from quarterdeck_server.runtime.caller import current
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.runtime.service import Context


class PerformanceServicer(PerformanceServiceServicer):
    """Serves what was earned."""

    def __init__(self, measurer: Measurer, compute: Compute) -> None:
        self._measurer, self._compute = measurer, compute

    async def ComputePerformance(
        self, request: pb.ComputePerformanceRequest, context: Context
    ) -> pb.ComputePerformanceResponse:
        choices = choices_from(request.conventions)
        found = await self._measurer.performance(
            _allowed(request.subject, "subject"),
            _benchmark(request),
            period_from(request),
            choices,
        )
        answer = pb.ComputePerformanceResponse(performance=mapping.performance_to(found, choices))
        if request.with_columns:
            line = await self._compute.thread(curve, found.track)
            answer.columns.CopyFrom(mapping.columns_to(found.track, line))
            answer.drawdowns.extend(mapping.drawdowns_to(found.track, line))
        return answer


def _benchmark(request: pb.ComputePerformanceRequest) -> Named | None:
    if not request.HasField("benchmark"):
        return None
    return _allowed(request.benchmark, "benchmark")


def _allowed(message: performance_pb2.Subject, field: str) -> Named:
    """Read a subject and refuse, by its place, what lies outside of the caller's scope."""
    named = subject_from(message, field)
    if isinstance(named.subject, Portfolio):
        asked, place = named.subject, f"{field}.portfolio.account"
        current().require_scope(asked.account, asked.strategy, place)
    return named
