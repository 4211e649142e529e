"""Parquet: columns with types, exact numbers as decimals; what it is of is in the schema."""

import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from quarterdeck_server.analytics.reports.sheet import Column, Kind, Sheet

TYPES = {
    Kind.TEXT: pa.string(),
    Kind.FLAG: pa.bool_(),
    Kind.WHOLE: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.DATE: pa.date32(),
    Kind.TIME: pa.timestamp("us", tz="UTC"),
}
DIGITS = 38
"""What a decimal of 128 bits holds."""


def render(sheet: Sheet) -> bytes:
    """Write a table."""
    arrays = [pa.array(column.values, _type(column)) for column in sheet.columns]
    about = {
        f"quarterdeck.{fact.name.lower().replace(' ', '_')}": fact.value for fact in sheet.about
    }
    table = pa.table(arrays, names=sheet.names).replace_schema_metadata(about)
    target = io.BytesIO()
    pq.write_table(table, target, compression="zstd")
    return target.getvalue()


def _type(column: Column) -> pa.DataType:
    if column.kind is not Kind.EXACT:
        return TYPES[column.kind]
    return _exact([value for value in column.values if isinstance(value, Decimal)])


def _exact(values: list[Decimal]) -> pa.DataType:
    """Return a decimal that holds all of the values, the wider one if need be."""
    places = [_places(value) for value in values]
    scale = max((after for _, after in places), default=0)
    whole = max((before for before, _ in places), default=1)
    digits = whole + scale
    return pa.decimal128(DIGITS, scale) if digits <= DIGITS else pa.decimal256(digits, scale)


def _places(value: Decimal) -> tuple[int, int]:
    """Return how many digits stand before and after the point."""
    after = max(0, -int(value.as_tuple().exponent))
    return max(1, value.adjusted() + 1), after
