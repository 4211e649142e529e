"""ObservationService."""

from quarterdeck.api.marketdata.v1 import observation_service_pb2 as pb
from quarterdeck.api.marketdata.v1.observation_service_pb2_grpc import ObservationServiceServicer
from quarterdeck_server.marketdata.mapping import observation as mapping
from quarterdeck_server.marketdata.ports import ObservationStore
from quarterdeck_server.runtime.service import Context


class ObservationServicer(ObservationServiceServicer):
    """Statistical series, and what was observed."""

    def __init__(self, store: ObservationStore) -> None:
        self._store = store

    async def ListSeries(
        self, request: pb.ListSeriesRequest, context: Context
    ) -> pb.ListSeriesResponse:
        after, rows = mapping.series_position_from(request)
        found = await self._store.list(request.query, after, rows + 1)
        return mapping.series_page_to(request, found, rows)

    async def GetSeries(
        self, request: pb.GetSeriesRequest, context: Context
    ) -> pb.GetSeriesResponse:
        found = await self._store.get(request.name)
        return pb.GetSeriesResponse(series=mapping.series_to(found))

    async def ListObservations(
        self, request: pb.ListObservationsRequest, context: Context
    ) -> pb.ListObservationsResponse:
        found = await self._store.observations(mapping.query_from(request))
        return mapping.page_to(request, found)
