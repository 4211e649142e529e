"""PositionChangeService."""

from quarterdeck.api.trading.v1 import position_change_service_pb2 as pb
from quarterdeck.api.trading.v1.position_change_service_pb2_grpc import (
    PositionChangeServiceServicer,
)
from quarterdeck_server.kernel import page
from quarterdeck_server.runtime.service import Context
from quarterdeck_server.trading.changes import ChangeReader
from quarterdeck_server.trading.mapping import change as mapping
from quarterdeck_server.trading.servicers.view import view_of

DEFAULT_ROWS, MOST_ROWS = 1_000, 10_000


class PositionChangeServicer(PositionChangeServiceServicer):
    """Serves what each fill did to its position."""

    def __init__(self, reader: ChangeReader) -> None:
        self._reader = reader

    async def ListPositionChanges(
        self, request: pb.ListPositionChangesRequest, context: Context
    ) -> pb.ListPositionChangesResponse:
        query = mapping.query_from(request, view_of(request.account, request.strategy))
        filters = mapping.filters_of(query)
        place = mapping.place_from(request.page_token, filters)
        size = page.page_size(request.page_size, DEFAULT_ROWS, MOST_ROWS)
        found = await self._reader.read(query, place, size)
        return pb.ListPositionChangesResponse(
            changes=mapping.changes_to(found), next_page_token=mapping.token_to(found.next, filters)
        )
