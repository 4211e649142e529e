"""InstrumentService."""

from quarterdeck.api.marketdata.v1 import instrument_service_pb2 as pb
from quarterdeck.api.marketdata.v1.instrument_service_pb2_grpc import InstrumentServiceServicer
from quarterdeck.api.type.v1.row_problem_pb2 import RowProblem
from quarterdeck_server.kernel import page
from quarterdeck_server.marketdata.instruments import Instruments
from quarterdeck_server.marketdata.mapping.instrument import instrument_from, instrument_to
from quarterdeck_server.marketdata.sectors import SectorImporter
from quarterdeck_server.runtime.service import Context

SCOPE = "ListInstruments"
MOST_PROBLEMS = 1_000


class InstrumentServicer(InstrumentServiceServicer):
    """What can be traded."""

    def __init__(self, instruments: Instruments, sectors: SectorImporter) -> None:
        self._instruments, self._sectors = instruments, sectors

    async def GetInstrument(
        self, request: pb.GetInstrumentRequest, context: Context
    ) -> pb.GetInstrumentResponse:
        found = self._instruments.find(request.instrument)
        return pb.GetInstrumentResponse(instrument=instrument_to(found))

    async def ListInstruments(
        self, request: pb.ListInstrumentsRequest, context: Context
    ) -> pb.ListInstrumentsResponse:
        rows = page.page_size(request.page_size, 100, 1_000)
        position = page.decode(request.page_token, SCOPE, (), str)
        found = self._instruments.after(str(position[0]) if position else "", rows + 1)
        more = len(found) > rows
        return pb.ListInstrumentsResponse(
            instruments=map(instrument_to, found[:rows]),
            next_page_token=page.encode(SCOPE, (), [found[rows - 1].instrument]) if more else "",
        )

    async def SearchInstruments(
        self, request: pb.SearchInstrumentsRequest, context: Context
    ) -> pb.SearchInstrumentsResponse:
        found = await self._instruments.search(request.query, request.limit or 20)
        return pb.SearchInstrumentsResponse(instruments=map(instrument_to, found))

    async def UpsertInstrument(
        self, request: pb.UpsertInstrumentRequest, context: Context
    ) -> pb.UpsertInstrumentResponse:
        stored = await self._instruments.put(instrument_from(request.instrument))
        return pb.UpsertInstrumentResponse(instrument=instrument_to(stored))

    async def ImportSectors(
        self, request: pb.ImportSectorsRequest, context: Context
    ) -> pb.ImportSectorsResponse:
        imported = await self._sectors.run(request.csv, dry_run=request.dry_run)
        return pb.ImportSectorsResponse(
            changed_count=imported.changed,
            unchanged_count=imported.unchanged,
            problems=[
                RowProblem(row=one.row, column=one.column, problem=one.cell_problem)
                for one in imported.problems[:MOST_PROBLEMS]
            ],
        )
