"""Reports to and from messages."""

from collections.abc import Iterator

from google.api.httpbody_pb2 import HttpBody

from quarterdeck.api.analytics.v1 import report_pb2 as pb
from quarterdeck.api.analytics.v1 import report_service_pb2 as service_pb
from quarterdeck_server.analytics.domain.windows import DEFAULT_WINDOW
from quarterdeck_server.analytics.reports.file import File
from quarterdeck_server.analytics.reports.forms import Contents, TableForm, TearsheetForm
from quarterdeck_server.analytics.reports.writing import WantedTable, WantedTearsheet

PIECE_BYTES = 256 * 1024
"""Small enough that no reader has to allow larger messages than usual."""


def tearsheet_from(request: service_pb.RenderTearsheetRequest) -> WantedTearsheet:
    """Read how a tearsheet is wanted."""
    name = pb.TearsheetFormat.Name(request.format).removeprefix("TEARSHEET_FORMAT_")
    return WantedTearsheet(TearsheetForm[name], request.window or DEFAULT_WINDOW, request.title)


def table_from(request: service_pb.ExportTableRequest) -> WantedTable:
    """Read which table is wanted, and how."""
    contents = pb.ReportTable.Name(request.table).removeprefix("REPORT_TABLE_")
    form = pb.TableFormat.Name(request.format).removeprefix("TABLE_FORMAT_")
    return WantedTable(Contents[contents], TableForm[form], request.window or DEFAULT_WINDOW)


def headers_to(file: File) -> tuple[tuple[str, str], ...]:
    """Write what a browser needs to keep a file: the edge hands it on."""
    return (
        ("content-disposition", f'attachment; filename="{file.name}"'),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    )


def bodies_to(file: File) -> Iterator[HttpBody]:
    """Write a file in pieces."""
    for start in range(0, len(file.content), PIECE_BYTES):
        piece = file.content[start : start + PIECE_BYTES]
        yield HttpBody(content_type=file.content_type, data=piece)
