"""SourceService."""

from quarterdeck.api.marketdata.v1 import source_service_pb2 as pb
from quarterdeck.api.marketdata.v1.source_service_pb2_grpc import SourceServiceServicer
from quarterdeck_server.marketdata.backfill import Backfills
from quarterdeck_server.marketdata.mapping.backfill import wish_from
from quarterdeck_server.marketdata.mapping.source import options_from, source_to
from quarterdeck_server.marketdata.sources import Sources
from quarterdeck_server.runtime.caller import current
from quarterdeck_server.runtime.service import Context


class SourceServicer(SourceServiceServicer):
    """Starts and stops the sources, and reads their past."""

    def __init__(self, sources: Sources, backfills: Backfills) -> None:
        self._sources, self._backfills = sources, backfills

    async def ListSources(
        self, request: pb.ListSourcesRequest, context: Context
    ) -> pb.ListSourcesResponse:
        return pb.ListSourcesResponse(sources=map(source_to, self._sources.all()))

    async def GetSource(
        self, request: pb.GetSourceRequest, context: Context
    ) -> pb.GetSourceResponse:
        return pb.GetSourceResponse(source=source_to(self._sources.get(request.name)))

    async def StartSource(
        self, request: pb.StartSourceRequest, context: Context
    ) -> pb.StartSourceResponse:
        options = options_from(request, self._sources.replay_defaults(request.name))
        started = await self._sources.start(request.name, options, current().principal)
        return pb.StartSourceResponse(
            source=source_to(started.report), import_job=started.import_job
        )

    async def StopSource(
        self, request: pb.StopSourceRequest, context: Context
    ) -> pb.StopSourceResponse:
        return pb.StopSourceResponse(source=source_to(await self._sources.stop(request.name)))

    async def BackfillSource(
        self, request: pb.BackfillSourceRequest, context: Context
    ) -> pb.BackfillSourceResponse:
        job = await self._backfills.start(
            request.name, wish_from(request), current().principal, request.request_id
        )
        return pb.BackfillSourceResponse(job=job)
