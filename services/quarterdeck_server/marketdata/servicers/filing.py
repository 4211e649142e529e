"""FilingService."""

from quarterdeck.api.marketdata.v1 import filing_service_pb2 as pb
from quarterdeck.api.marketdata.v1.filing_service_pb2_grpc import FilingServiceServicer
from quarterdeck_server.marketdata.mapping import filing as mapping
from quarterdeck_server.marketdata.ports import FilingStore
from quarterdeck_server.runtime.service import Context


class FilingServicer(FilingServiceServicer):
    """What companies filed with their regulator."""

    def __init__(self, store: FilingStore) -> None:
        self._store = store

    async def ListFilings(
        self, request: pb.ListFilingsRequest, context: Context
    ) -> pb.ListFilingsResponse:
        return mapping.page_to(request, await self._store.list(mapping.query_from(request)))

    async def GetFiling(
        self, request: pb.GetFilingRequest, context: Context
    ) -> pb.GetFilingResponse:
        return pb.GetFilingResponse(filing=mapping.filing_to(await self._store.get(request.name)))

    async def GetCompanyFacts(
        self, request: pb.GetCompanyFactsRequest, context: Context
    ) -> pb.GetCompanyFactsResponse:
        facts = await self._store.facts(request.company, request.taxonomy, request.concepts)
        return pb.GetCompanyFactsResponse(facts=map(mapping.fact_to, facts))
