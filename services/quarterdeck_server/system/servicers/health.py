"""HealthService: whether the deck is well."""

from collections.abc import AsyncIterator

from quarterdeck.api.system.v1 import health_service_pb2 as pb
from quarterdeck.api.system.v1 import health_service_pb2_grpc as rpc
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.convert import timestamp_to
from quarterdeck_server.runtime.service import Context
from quarterdeck_server.system.domain.component import is_healthy
from quarterdeck_server.system.mapping.component import component_to
from quarterdeck_server.system.monitor import Monitor


class HealthServicer(rpc.HealthServiceServicer):
    """Serves what the monitor knows; no call makes it look."""

    def __init__(self, monitor: Monitor, version: str, clock: Clock) -> None:
        self._monitor, self._version, self._clock = monitor, version, clock

    async def GetSystemHealth(
        self, request: pb.GetSystemHealthRequest, context: Context
    ) -> pb.GetSystemHealthResponse:
        return pb.GetSystemHealthResponse(
            healthy=is_healthy(self._monitor.components),
            version=self._version,
            server_time=timestamp_to(self._clock.now_ns()),
        )

    async def WatchSystemHealth(
        self, request: pb.WatchSystemHealthRequest, context: Context
    ) -> AsyncIterator[pb.WatchSystemHealthResponse]:
        async for news in self._monitor.watch():
            yield pb.WatchSystemHealthResponse(
                components=[component_to(component) for component in news],
                server_time=timestamp_to(self._clock.now_ns()),
            )

    async def ListComponents(
        self, request: pb.ListComponentsRequest, context: Context
    ) -> pb.ListComponentsResponse:
        return pb.ListComponentsResponse(
            components=[component_to(component) for component in self._monitor.components]
        )
