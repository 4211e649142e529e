"""Exports of the portfolio to and from messages."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from google.api.httpbody_pb2 import HttpBody

from quarterdeck.api.trading.v1 import portfolio_service_pb2 as pb
from quarterdeck_server.trading.exports import Table
from quarterdeck_server.trading.files import csv_of, parquet_of
from quarterdeck_server.trading.mapping.portfolio import cost_method_from
from quarterdeck_server.trading.portfolio import CostMethod

PIECE_BYTES = 256 * 1024
"""Small enough that no reader has to allow larger messages than usual."""


class TableKind(Enum):
    """What an export has in its rows."""

    POSITIONS = "positions"
    PROFIT = "profit"
    CASH = "cash"


@dataclass(frozen=True, slots=True)
class Form:
    """A form of files."""

    suffix: str
    content_type: str
    write: Callable[[Table], bytes]


@dataclass(frozen=True, slots=True)
class WantedExport:
    """Which table is wanted, and how."""

    table: TableKind
    method: CostMethod
    form: Form


_FORMS: Mapping[int, Form] = {
    pb.PORTFOLIO_FORMAT_CSV: Form("csv", "text/csv; charset=utf-8", csv_of),
    pb.PORTFOLIO_FORMAT_PARQUET: Form("parquet", "application/vnd.apache.parquet", parquet_of),
}
_TABLES: Mapping[int, TableKind] = {
    pb.PORTFOLIO_TABLE_POSITIONS: TableKind.POSITIONS,
    pb.PORTFOLIO_TABLE_PROFIT: TableKind.PROFIT,
    pb.PORTFOLIO_TABLE_CASH: TableKind.CASH,
}


def wanted_from(request: pb.ExportPortfolioRequest) -> WantedExport:
    """Read what is wanted."""
    method = cost_method_from(request.cost_method)
    return WantedExport(_TABLES[request.table], method, _FORMS[request.format])


def headers_to(wanted: WantedExport) -> tuple[tuple[str, str], ...]:
    """Write what a browser needs to keep the file: the edge hands it on."""
    name = f"{wanted.table.value}.{wanted.form.suffix}"
    return (
        ("content-disposition", f'attachment; filename="{name}"'),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    )


def bodies_to(wanted: WantedExport, content: bytes) -> Iterator[HttpBody]:
    """Write a file in pieces."""
    for start in range(0, len(content), PIECE_BYTES):
        piece = content[start : start + PIECE_BYTES]
        yield HttpBody(content_type=wanted.form.content_type, data=piece)
