"""MetricService: the deck's own measurements."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from quarterdeck.api.system.v1 import metric_pb2
from quarterdeck.api.system.v1 import metric_service_pb2 as pb
from quarterdeck.api.system.v1 import metric_service_pb2_grpc as rpc
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.convert import timestamp_to
from quarterdeck_server.runtime.service import Context
from quarterdeck_server.system.mapping.metric import interval_from, metric_to
from quarterdeck_server.system.measuring import read_all
from quarterdeck_server.system.ports import MetricSource


class MetricServicer(rpc.MetricServiceServicer):
    """Serves the metrics of every server process."""

    def __init__(self, sources: Sequence[MetricSource], clock: Clock) -> None:
        self._sources, self._clock = sources, clock

    async def GetMetricSnapshot(
        self, request: pb.GetMetricSnapshotRequest, context: Context
    ) -> pb.GetMetricSnapshotResponse:
        metrics = await self._read(request.prefix)
        time = timestamp_to(self._clock.now_ns())
        return pb.GetMetricSnapshotResponse(metrics=metrics, time=time)

    async def WatchMetricSnapshot(
        self, request: pb.WatchMetricSnapshotRequest, context: Context
    ) -> AsyncIterator[pb.WatchMetricSnapshotResponse]:
        while True:
            metrics = await self._read(request.prefix)
            time = timestamp_to(self._clock.now_ns())
            yield pb.WatchMetricSnapshotResponse(metrics=metrics, time=time)
            await asyncio.sleep(interval_from(request))

    async def _read(self, prefix: str) -> list[metric_pb2.Metric]:
        return [metric_to(metric) for metric in await read_all(self._sources, prefix)]
