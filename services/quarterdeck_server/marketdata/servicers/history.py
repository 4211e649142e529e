"""HistoryService."""

from quarterdeck.api.marketdata.v1 import history_service_pb2 as pb
from quarterdeck.api.marketdata.v1.history_service_pb2_grpc import HistoryServiceServicer
from quarterdeck_server.marketdata.instruments import Instruments
from quarterdeck_server.marketdata.mapping import bar, hole
from quarterdeck_server.marketdata.mapping import history as mapping
from quarterdeck_server.marketdata.ports import HistoryStore
from quarterdeck_server.runtime.service import Context


class HistoryServicer(HistoryServiceServicer):
    """What the market did."""

    def __init__(self, instruments: Instruments, history: HistoryStore) -> None:
        self._instruments, self._history = instruments, history

    async def ListBars(self, request: pb.ListBarsRequest, context: Context) -> pb.ListBarsResponse:
        instrument = self._instruments.find(request.instrument)
        found = await self._history.bars(bar.bar_query_from(request), instrument)
        return bar.bar_page_to(request, found)

    async def ListQuotes(
        self, request: pb.ListQuotesRequest, context: Context
    ) -> pb.ListQuotesResponse:
        instrument = self._instruments.find(request.instrument)
        stored = await self._history.quotes(mapping.tick_query_from(request), instrument)
        return mapping.quote_page_to(request, stored)

    async def ListTrades(
        self, request: pb.ListTradesRequest, context: Context
    ) -> pb.ListTradesResponse:
        instrument = self._instruments.find(request.instrument)
        stored = await self._history.trades(mapping.tick_query_from(request), instrument)
        return mapping.trade_page_to(request, stored)

    async def ListHoles(
        self, request: pb.ListHolesRequest, context: Context
    ) -> pb.ListHolesResponse:
        found = await self._history.holes(hole.hole_query_from(request))
        return hole.hole_page_to(request, found)
