"""Tables as files: every number comes back as it was."""

import csv
import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck_server.kernel.table import Column, Kind
from quarterdeck_server.runtime.files import csv_of, parquet_of

numbers = st.none() | st.decimals("-1e15", "1e15", places=8)


def _numbers(*cells: Decimal | None) -> Column:
    return Column("amount", Kind.EXACT, cells)


def _read(content: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(content))


@settings(deadline=None, max_examples=50)
@given(cells=st.lists(numbers, min_size=1, max_size=20))
def test_decimals_come_back_exactly_from_both_forms(cells: list[Decimal | None]) -> None:
    table = (_numbers(*cells),)
    assert _read(parquet_of(table))["amount"].to_pylist() == cells
    _, *lines = csv.reader(io.StringIO(csv_of(table).decode(), newline=""))
    assert [Decimal(text) if text else None for (text,) in map(_one, lines)] == cells


def _one(line: list[str]) -> list[str]:
    # A line of one empty cell is written as an empty line.
    return line or [""]


def test_a_column_has_no_more_decimals_than_its_largest_number_leaves_room_for() -> None:
    large, small = Decimal("1e30"), Decimal("0.123456789")
    column = _read(parquet_of((_numbers(large, small),)))["amount"]
    assert column.type == pa.decimal128(38, 7)
    assert column.to_pylist() == [large, Decimal("0.1234568")]


def test_times_are_in_utc_to_the_nanosecond_and_unknown_ones_are_null() -> None:
    table = (Column("event_time", Kind.TIME, (1_073_000_000_000_000_007, None)),)
    found = _read(parquet_of(table))["event_time"]
    assert found.cast(pa.int64()).to_pylist() == [1_073_000_000_000_000_007, None]
    assert csv_of(table).decode().splitlines()[1] == "2004-01-01T23:33:20.000000007Z"


def test_texts_with_commas_and_quotes_stay_one_cell() -> None:
    names = ('a "quoted", name', "=1+1")
    table = (Column("strategy", Kind.TEXT, names), Column("n", Kind.WHOLE, (1, 2)))
    rows = list(csv.reader(io.StringIO(csv_of(table).decode(), newline="")))
    assert rows == [["strategy", "n"], [names[0], "1"], [names[1], "2"]]
    assert _read(parquet_of(table))["strategy"].to_pylist() == list(names)


def test_a_table_without_rows_has_its_columns() -> None:
    found = _read(parquet_of((_numbers(), Column("account", Kind.TEXT, ()))))
    assert (found.num_rows, found.column_names) == (0, ["amount", "account"])
