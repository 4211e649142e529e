"""Which reports there are, and in which forms: what the contract calls them."""

from enum import Enum

from quarterdeck_server.runtime.files import CSV_TYPE, PARQUET_TYPE


class TearsheetForm(Enum):
    """How a tearsheet is written: the ending of its file's name and its content type."""

    HTML = "html", "text/html; charset=utf-8"
    PDF = "pdf", "application/pdf"

    @property
    def ending(self) -> str:
        """The ending of the file's name."""
        return self.value[0]


class TableForm(Enum):
    """How a table is written: the ending of its file's name and its content type."""

    CSV = "csv", CSV_TYPE
    XLSX = "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    JSON = "json", "application/json"
    PARQUET = "parquet", PARQUET_TYPE

    @property
    def ending(self) -> str:
        """The ending of the file's name."""
        return self.value[0]


type Form = TearsheetForm | TableForm


class Contents(Enum):
    """What a table has in its rows."""

    METRICS = "metrics"
    RETURNS = "returns"
    DRAWDOWNS = "drawdowns"
    MONTHLY_RETURNS = "monthly_returns"
    ROLLING = "rolling"
    FILLS = "fills"
