"""ReportService."""

from collections.abc import AsyncIterator

from google.api.httpbody_pb2 import HttpBody

from quarterdeck.api.analytics.v1 import report_service_pb2 as pb
from quarterdeck.api.analytics.v1.report_service_pb2_grpc import ReportServiceServicer
from quarterdeck_server.analytics.mapping import report as mapping
from quarterdeck_server.analytics.mapping.asking import asked_from
from quarterdeck_server.analytics.reporting import Reporter
from quarterdeck_server.analytics.servicers.scope import allowed
from quarterdeck_server.runtime.caller import current
from quarterdeck_server.runtime.download import sent
from quarterdeck_server.runtime.service import Context


class ReportServicer(ReportServiceServicer):
    """Serves reports as files."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    async def RenderTearsheet(
        self, request: pb.RenderTearsheetRequest, context: Context
    ) -> AsyncIterator[HttpBody]:
        asked = allowed(asked_from(request))
        with self._reporter.counted(current().principal):
            made = await self._reporter.tearsheet(asked, mapping.tearsheet_from(request))
        async for piece in sent(made, context):
            yield piece

    async def ExportTable(
        self, request: pb.ExportTableRequest, context: Context
    ) -> AsyncIterator[HttpBody]:
        asked = allowed(asked_from(request))
        with self._reporter.counted(current().principal):
            made = await self._reporter.table(asked, mapping.table_from(request))
        async for piece in sent(made, context):
            yield piece
