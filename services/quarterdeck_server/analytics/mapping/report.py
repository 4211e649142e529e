"""Requests for reports to what is wanted."""

from quarterdeck.api.analytics.v1 import report_pb2 as pb
from quarterdeck.api.analytics.v1 import report_service_pb2 as service_pb
from quarterdeck_server.analytics.domain.windows import DEFAULT_WINDOW
from quarterdeck_server.analytics.reports.forms import Contents, TableForm, TearsheetForm
from quarterdeck_server.analytics.reports.writing import WantedTable, WantedTearsheet


def tearsheet_from(request: service_pb.RenderTearsheetRequest) -> WantedTearsheet:
    """Read how a tearsheet is wanted."""
    name = pb.TearsheetFormat.Name(request.format).removeprefix("TEARSHEET_FORMAT_")
    return WantedTearsheet(TearsheetForm[name], request.window or DEFAULT_WINDOW, request.title)


def table_from(request: service_pb.ExportTableRequest) -> WantedTable:
    """Read which table is wanted, and how."""
    contents = pb.ReportTable.Name(request.table).removeprefix("REPORT_TABLE_")
    form = pb.TableFormat.Name(request.format).removeprefix("TABLE_FORMAT_")
    return WantedTable(Contents[contents], TableForm[form], request.window or DEFAULT_WINDOW)
