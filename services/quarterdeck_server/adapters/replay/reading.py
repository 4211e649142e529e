"""Reading the two kinds of files into columns."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from quarterdeck_server.adapters.replay import texts
from quarterdeck_server.adapters.replay.calendar import close_of
from quarterdeck_server.adapters.replay.errors import FileInvalid
from quarterdeck_server.adapters.replay.table import NUMBERS, Table, columns_of, time_column
from quarterdeck_server.marketdata.domain.columns import Floats, Ints


def csv_table(path: Path) -> Table:
    """Read a CSV file with a header, in UTF-8."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    places: list[int] = []
    rows: list[list[str]] = []
    try:
        header = next((row for row in reader if row), None)
        if header is None:
            raise FileInvalid(path.name, "it is empty")
        for row in reader:
            if row:
                _check_width(path.name, reader.line_num, row, header)
                places.append(reader.line_num)
                rows.append(row)
    except csv.Error as error:
        raise FileInvalid(path.name, f"is no CSV: {error}", row=reader.line_num) from error
    where = columns_of(path.name, header)
    if not rows:
        raise FileInvalid(path.name, "it has a header and no rows", row=1)
    columns = list(zip(*rows, strict=True))
    named = {name: columns[place] for name, place in where.items()}
    return _table(path.name, places, named, texts.numbers, texts.times)


def parquet_table(path: Path) -> Table:
    """Read a Parquet file; rows are counted from 1."""
    try:
        table = pa.parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise FileInvalid(path.name, f"is no Parquet file: {error}") from error
    where = columns_of(path.name, table.column_names)
    if not table.num_rows:
        raise FileInvalid(path.name, "it has no rows")
    named = {name: table.column(place) for name, place in where.items()}
    places = range(1, table.num_rows + 1)
    return _table(path.name, places, named, _arrow_numbers, _arrow_times)


def _text(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        raise FileInvalid(path.name, "it is not UTF-8", row=row) from error


def _check_width(file: str, line: int, row: Sequence[str], header: Sequence[str]) -> None:
    if len(row) != len(header):
        problem = f"it has {len(row)} columns, the header has {len(header)}"
        raise FileInvalid(file, problem, row=line)


def _table(
    file: str,
    places: Sequence[int],
    columns: Mapping[str, Any],
    read_numbers: Callable[[Any], Floats],
    read_times: Callable[[Any], Ints],
) -> Table:
    def column[T](name: str, read: Callable[[Any], T]) -> T:
        try:
            return read(columns[name])
        except texts.Unreadable as error:
            place = places[error.row]
            raise FileInvalid(file, error.problem, row=place, column=name) from error

    time_name = time_column(columns)
    values = {name: column(name, read_numbers) for name in NUMBERS}
    names = column("instrument", _names) if "instrument" in columns else []
    return Table(file, places, time_name, column(time_name, read_times), **values, instrument=names)


def _names(column: Any) -> list[str]:
    return [str(name).strip() for name in column]


def _arrow_numbers(column: Any) -> Floats:
    _refuse_nulls(column)
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return texts.numbers(column.to_pylist())
    try:
        return np.asarray(column.cast(pa.float64()), dtype=np.float64)
    except pa.ArrowException as error:
        raise texts.Unreadable(0, f"must hold numbers, was {kind}") from error


def _arrow_times(column: Any) -> Ints:
    _refuse_nulls(column)
    kind = column.type
    if pa.types.is_date(kind):
        days = np.asarray(column.cast(pa.date32()).cast(pa.int32()), dtype=np.int64)
        return np.array([close_of(int(day)) for day in days], dtype=np.int64)
    if pa.types.is_timestamp(kind):
        return np.asarray(column.cast(pa.timestamp("ns", kind.tz)).cast(pa.int64()), dtype=np.int64)
    if pa.types.is_integer(kind):
        return np.asarray(column.cast(pa.int64()), dtype=np.int64)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return texts.times(column.to_pylist())
    raise texts.Unreadable(0, f"must hold times, was {kind}")


def _refuse_nulls(column: Any) -> None:
    if column.null_count:
        row = int(np.flatnonzero(np.asarray(column.is_null()))[0])
        raise texts.Unreadable(row, "is empty")
