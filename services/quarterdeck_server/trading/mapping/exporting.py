"""Exports of the portfolio to and from messages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from quarterdeck.api.trading.v1 import portfolio_service_pb2 as pb
from quarterdeck_server.kernel.file import File
from quarterdeck_server.kernel.table import Table
from quarterdeck_server.runtime.files import CSV_TYPE, PARQUET_TYPE, csv_of, parquet_of
from quarterdeck_server.trading.mapping.portfolio import cost_method_from
from quarterdeck_server.trading.portfolio import CostMethod


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

    def written(self, table: Table) -> File:
        """Write the table."""
        name = f"{self.table.value}.{self.form.suffix}"
        return File(name, self.form.content_type, self.form.write(table))


_FORMS: Mapping[int, Form] = {
    pb.PORTFOLIO_FORMAT_CSV: Form("csv", CSV_TYPE, csv_of),
    pb.PORTFOLIO_FORMAT_PARQUET: Form("parquet", PARQUET_TYPE, parquet_of),
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
