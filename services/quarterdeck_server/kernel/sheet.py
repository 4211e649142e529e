"""CSV files of users: a header, rows, and refusals that name row and column. Pure."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from quarterdeck_server.kernel import money
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.time import ns_from_datetime

LATEST_NS = 2**63 - 1


class SheetInvalid(InvalidField):
    """A file in a field of the request cannot be read; row and column say where."""

    reason = "FILE_INVALID"

    def __init__(self, field: str, problem: str, row: int = 0, column: str = "") -> None:
        where = f"row {row}{f', {column}' if column else ''}: " if row else ""
        super().__init__(field, f"{where}{problem}", file="csv", row=str(row), column=column)
        self.row, self.column, self.cell_problem = row, column, problem


@dataclass(frozen=True, slots=True)
class Row:
    """A row; ``number`` is its line in the file, the header's is 1."""

    sheet: str
    number: int
    cells: Mapping[str, str]

    def refused(self, column: str, problem: str) -> SheetInvalid:
        """Return the refusal of a cell."""
        return SheetInvalid(self.sheet, problem, row=self.number, column=column)

    def optional(self, column: str) -> str:
        """Return a text; empty where nothing is written."""
        return self.cells.get(column, "").strip()

    def text(self, column: str) -> str:
        """Return a text that must be written."""
        if not (text := self.optional(column)):
            raise self.refused(column, "must not be empty")
        return text

    def number_of(self, column: str) -> Decimal:
        """Return an exact number that must be written."""
        try:
            return money.trimmed(money.parsed(column, self.text(column)))
        except InvalidField as error:
            raise self.refused(column, error.problem) from error

    def optional_number(self, column: str) -> Decimal | None:
        """Return an exact number, if one is written."""
        return self.number_of(column) if self.optional(column) else None

    def time_ns(self, column: str) -> int:
        """Return a time that must be written: ISO 8601 with its zone, or nanoseconds."""
        text = self.text(column)
        try:
            ns = int(text) if text.isdecimal() else _ns(text)
        except (ValueError, OverflowError) as error:
            problem = "must be a time with its zone, such as 2026-01-02T15:00:00Z"
            raise self.refused(column, problem) from error
        if not 0 <= ns <= LATEST_NS:
            raise self.refused(column, "must be between 1970 and 2262")
        return ns


def rows(
    sheet: str, content: str, required: Collection[str], known: Collection[str], most: int
) -> Iterator[Row]:
    """Yield the rows of a file; ``sheet`` names the request's field that holds it."""
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(sheet, header, required, known)
        for count, cells in enumerate(filter(None, reader), 1):
            if count > most:
                raise SheetInvalid(sheet, f"must have at most {most:,} rows", reader.line_num)
            if len(cells) != len(header):
                problem = f"must have {len(header)} cells, has {len(cells)}"
                raise SheetInvalid(sheet, problem, reader.line_num)
            yield Row(sheet, reader.line_num, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise SheetInvalid(sheet, f"is no CSV: {error}", reader.line_num) from error


def _check_header(
    sheet: str, header: list[str], required: Collection[str], known: Collection[str]
) -> None:
    for name in header:
        if name not in known or header.count(name) > 1:
            problem = "is written twice" if name in known else "is not known"
            raise SheetInvalid(sheet, f"column {problem}", 1, name)
    for name in required:
        if name not in header:
            raise SheetInvalid(sheet, "column is missing", 1, name)


def _ns(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no zone")
    return ns_from_datetime(moment.astimezone(UTC))
