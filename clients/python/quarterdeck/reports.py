"""Reports as files: tearsheets and tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from os import PathLike
from pathlib import Path
from typing import Literal

from google.api.httpbody_pb2 import HttpBody

from quarterdeck.api.analytics.v1.report_pb2 import ReportTable, TableFormat, TearsheetFormat

type TearsheetForm = Literal["html", "pdf"]
type TableForm = Literal["csv", "xlsx", "json", "parquet"]
type TableName = Literal["metrics", "returns", "drawdowns", "monthly_returns", "rolling", "fills"]

HTML = "text/html"
FRAME_HEIGHT = 900


@dataclass(frozen=True, slots=True)
class Report:
    """A file: its bytes and their content type. A notebook shows one that is HTML."""

    content: bytes
    content_type: str

    def __bytes__(self) -> bytes:
        """Return the content."""
        return self.content

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the file and return its path."""
        target = Path(path)
        target.write_bytes(self.content)
        return target

    def _repr_html_(self) -> str | None:
        """Show a page within a notebook, in a frame where nothing of it can run."""
        if not self.content_type.startswith(HTML):
            return None
        page = escape(self.content.decode())
        style = f'width="100%" height="{FRAME_HEIGHT}" style="border:0"'
        return f'<iframe sandbox srcdoc="{page}" {style}></iframe>'


def report(pieces: Iterable[HttpBody]) -> Report:
    """Join the pieces of a file."""
    found = list(pieces)
    kind = found[0].content_type if found else ""
    return Report(b"".join(piece.data for piece in found), kind)


def tearsheet_format(form: TearsheetForm) -> TearsheetFormat.ValueType:
    """Make a form of the contract."""
    return TearsheetFormat.Value(f"TEARSHEET_FORMAT_{form.upper()}")


def table_format(form: TableForm) -> TableFormat.ValueType:
    """Make a form of the contract."""
    return TableFormat.Value(f"TABLE_FORMAT_{form.upper()}")


def report_table(name: TableName) -> ReportTable.ValueType:
    """Make a table of the contract."""
    return ReportTable.Value(f"REPORT_TABLE_{name.upper()}")
