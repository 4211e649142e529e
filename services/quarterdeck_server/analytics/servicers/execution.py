"""ExecutionService."""

from quarterdeck.api.analytics.v1 import execution_service_pb2 as pb
from quarterdeck.api.analytics.v1.execution_service_pb2_grpc import ExecutionServiceServicer
from quarterdeck_server.analytics.domain.execution.asking import Scope
from quarterdeck_server.analytics.executions import Executions
from quarterdeck_server.analytics.live import HEARTBEAT_S, Pulse
from quarterdeck_server.analytics.live_quality import (
    DEFAULT_RATE,
    DEFAULT_WINDOW_S,
    Changes,
    LiveQuality,
    QualityStream,
)
from quarterdeck_server.analytics.mapping import execution as mapping
from quarterdeck_server.kernel import page
from quarterdeck_server.runtime.caller import current
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.service import Context
from quarterdeck_server.runtime.streaming import Streaming, heartbeat_s

DEFAULT_ORDERS, MOST_ORDERS = 100, 1_000


class ExecutionServicer(ExecutionServiceServicer):
    """Serves what trading cost."""

    def __init__(
        self, executions: Executions, changes: Changes, streaming: Streaming, clock: Clock
    ) -> None:
        self._executions, self._changes = executions, changes
        self._streaming, self._clock = streaming, clock

    async def ComputeQuality(
        self, request: pb.ComputeQualityRequest, context: Context
    ) -> pb.ComputeQualityResponse:
        wanted = mapping.asked_from(request)
        _allow(wanted.scope)
        found = await self._executions.qualities(wanted)
        return pb.ComputeQualityResponse(qualities=map(mapping.quality_to, found))

    async def ListSlippage(
        self, request: pb.ListSlippageRequest, context: Context
    ) -> pb.ListSlippageResponse:
        wanted = mapping.asked_from(request)
        _allow(wanted.scope)
        size = page.page_size(request.page_size, DEFAULT_ORDERS, MOST_ORDERS)
        found, token = await self._executions.slippages(wanted, size, request.page_token)
        # A thousand messages of twenty numbers each.
        written = await self._executions.compute.thread(mapping.slippages_to, found)
        return pb.ListSlippageResponse(slippages=written, next_page_token=token)

    async def ComputeImpact(
        self, request: pb.ComputeImpactRequest, context: Context
    ) -> pb.ComputeImpactResponse:
        wanted, plan = mapping.asked_from(request), mapping.plan_from(request)
        _allow(wanted.scope)
        return mapping.impact_to(await self._executions.impact(wanted, plan))

    # It writes encoded answers to the context itself: awaiting the write is the backpressure.
    async def WatchQuality(  # type: ignore[override]
        self, request: pb.WatchQualityRequest, context: Context
    ) -> None:
        scope = mapping.scope_from(request.scope)
        _allow(scope)
        window_s = request.window_s or DEFAULT_WINDOW_S
        live = LiveQuality(self._executions, scope, mapping.manner_from(request), window_s)
        pulse = Pulse(request.max_rate or DEFAULT_RATE, heartbeat_s(request, HEARTBEAT_S))
        stream = QualityStream(live, self._changes, pulse, self._clock, current().sees)
        await self._streaming.run(context, stream.answers(), stream.ended)


def _allow(scope: Scope) -> None:
    current().require_view(scope.account, scope.strategy, "scope.account")
