"""Tables as files: CSV for people, Parquet for programs; numbers are exact in both."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from quarterdeck_server.kernel.money import rounded, trimmed
from quarterdeck_server.kernel.table import Column, Kind, Table, Value
from quarterdeck_server.kernel.time import text_from_ns

CSV_TYPE = "text/csv; charset=utf-8"
PARQUET_TYPE = "application/vnd.apache.parquet"

TYPES = {
    Kind.TEXT: pa.string(),
    Kind.FLAG: pa.bool_(),
    Kind.WHOLE: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.DATE: pa.date32(),
    Kind.TIME: pa.timestamp("ns", tz="UTC"),
}

MOST_DIGITS = 38
"""The digits of a decimal that every reader of Parquet knows."""

MOST_DECIMALS = 18


def csv_of(table: Table) -> bytes:
    """Write CSV in UTF-8 (RFC 4180): a head, and what is absent is empty.

    Reading a number gives back the same one.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in table])
    columns = [[_written(column.kind, value) for value in column.values] for column in table]
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue().encode()


def parquet_of(table: Table, about: Mapping[str, str] | None = None) -> bytes:
    """Write Parquet: typed columns, times in UTC, absent values null; ``about`` is metadata."""
    names = [column.name for column in table]
    made = pa.table([_array(column) for column in table], names=names)
    sink = io.BytesIO()
    pq.write_table(made.replace_schema_metadata(about), sink, compression="zstd")
    return sink.getvalue()


def _written(kind: Kind, value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() if kind is Kind.TIME:
            return text_from_ns(value)
        case Decimal():
            return format(trimmed(value), "f")
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _array(column: Column) -> pa.Array:
    if column.kind is Kind.EXACT:
        return _decimals([value for value in column.values if isinstance(value, Decimal | None)])
    return pa.array(column.values, TYPES[column.kind])


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
