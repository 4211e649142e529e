"""Tables as files: CSV for people, Parquet for programs; numbers are exact in both."""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from quarterdeck_server.kernel.money import rounded, trimmed
from quarterdeck_server.kernel.time import NS, datetime_from_ns
from quarterdeck_server.trading.exports import Cell, CellKind, Column, Table

MOST_DIGITS = 38
"""The digits of a decimal that every reader of Parquet knows."""

MOST_DECIMALS = 18


def csv_of(table: Table) -> bytes:
    """Write CSV in UTF-8: a header, and what is not known is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in table])
    columns = [[_written(column.kind, cell) for cell in column.cells] for column in table]
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue().encode()


def parquet_of(table: Table) -> bytes:
    """Write Parquet: decimals, texts, integers and times in UTC; what is not known is null."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({column.name: _array(column) for column in table}), sink)
    return bytes(sink.getvalue())


def _written(kind: CellKind, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return format(trimmed(cell), "f")
    if kind is CellKind.TIME and isinstance(cell, int):
        whole = datetime_from_ns(cell - cell % NS)
        return f"{whole:%Y-%m-%dT%H:%M:%S}.{cell % NS:09d}Z"
    return str(cell)


def _array(column: Column) -> pa.Array:
    match column.kind:
        case CellKind.TEXT:
            return pa.array(column.cells, pa.string())
        case CellKind.COUNT:
            return pa.array(column.cells, pa.int64())
        case CellKind.TIME:
            return pa.array(column.cells, pa.timestamp("ns", tz="UTC"))
        case CellKind.NUMBER:
            return _decimals([cell for cell in column.cells if not isinstance(cell, int | str)])


def _decimals(numbers: list[Decimal | None]) -> pa.Array:
    scale = _scale(number for number in numbers if number is not None)
    fitting = [None if number is None else rounded(number, scale) for number in numbers]
    return pa.array(fitting, pa.decimal128(MOST_DIGITS, scale))


def _scale(numbers: Iterable[Decimal]) -> int:
    """Return the decimals that show all numbers, fewer only where the largest would not fit."""
    largest, decimals = 1, 0
    for number in map(trimmed, numbers):
        _, digits, exponent = number.as_tuple()
        decimals = max(decimals, -int(exponent))
        largest = max(largest, len(digits) + int(exponent))
    return min(decimals, MOST_DECIMALS, MOST_DIGITS - largest)
