"""A file of the user, CSV or Parquet, as a data set; what is wrong with it is said precisely."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from quarterdeck_server.adapters.replay.dataset import DataSet
from quarterdeck_server.adapters.replay.errors import FileInvalid
from quarterdeck_server.adapters.replay.reading import csv_table, parquet_table
from quarterdeck_server.adapters.replay.table import PRICES, Table
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.columns import Bars, Ints
from quarterdeck_server.marketdata.domain.faults import first_fault
from quarterdeck_server.marketdata.domain.instrument import check_identifier

MAX_BYTES = 128 * 1024 * 1024
READERS = {".csv": csv_table, ".parquet": parquet_table}
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
MAX_COUNT = 9_999
NS = 1_000_000_000
DAY_NS = 86_400 * NS
WEEK_NS = 7 * DAY_NS


def read_file(folder: Path | None, name: str, instrument: str, now_ns: int) -> DataSet:
    """Read a file of the folder; ``instrument`` is for a file without such a column."""
    path = _inside(folder, name)
    table = READERS[path.suffix.lower()](path)
    series = [
        _checked(table, bars, rows, now_ns)
        for bars, rows in _series(table, _instruments(table, instrument))
    ]
    provenance = f"The file {path.name} of this deck's replay folder."
    return DataSet(tuple(series), provenance, names={})


def _inside(folder: Path | None, name: str) -> Path:
    """Return the path of a file that lies in the folder, also when links are followed."""
    if folder is None:
        raise FileInvalid(name, "this deck has no replay folder")
    root = folder.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise FileInvalid(name, "it lies outside of the replay folder")
    if path.suffix.lower() not in READERS:
        raise FileInvalid(name, f"its name must end in {' or '.join(READERS)}")
    if not path.is_file():
        raise FileInvalid(name, "there is no such file in the replay folder")
    if path.stat().st_size > MAX_BYTES:
        raise FileInvalid(name, f"it is larger than {MAX_BYTES:,} bytes")
    return path


def _instruments(table: Table, instrument: str) -> Sequence[str]:
    """Return the instrument of each row."""
    if not table.instrument:
        if not instrument:
            problem = f"must be given: {table.file} has no instrument column"
            raise InvalidField("replay.instrument", problem)
        check_identifier(instrument, "replay.instrument")
        return [instrument] * len(table)
    seen: set[str] = set()
    for place, name in enumerate(table.instrument):
        if name not in seen:
            _check_identifier(table, place, name)
            seen.add(name)
    return table.instrument


def _check_identifier(table: Table, place: int, name: str) -> None:
    try:
        check_identifier(name, "instrument")
    except InvalidField as error:
        raise table.wrong(error.problem, place, "instrument") from error


def _series(table: Table, instruments: Sequence[str]) -> Iterator[tuple[Bars, Ints]]:
    """Yield the bars of each instrument, and in which row of the table each stands."""
    names, which = np.unique(np.array(instruments), return_inverse=True)
    groups = [np.flatnonzero(which == number) for number in range(len(names))]
    for rows in groups:
        _check_order(table, rows)
    interval = _interval(table, groups)
    for name, rows in zip(names, groups, strict=True):
        columns = (getattr(table, column)[rows] for column in (*PRICES, "volume"))
        yield Bars(str(name), interval, table.time_ns[rows], *columns), rows


def _check_order(table: Table, rows: Ints) -> None:
    times = table.time_ns[rows]
    wrong = np.flatnonzero(times[1:] <= times[:-1])
    if len(wrong):
        place = int(wrong[0]) + 1
        same = times[place] == times[place - 1]
        problem = "the time comes twice" if same else "the time is before that of the row above"
        raise table.wrong(problem, int(rows[place]), table.time_name)


def _interval(table: Table, groups: Sequence[Ints]) -> str:
    """Return the shortest time between bars as the length of all: longer ones are days off.

    A few days are a day too: a short file may begin on a Friday.
    """
    steps = [int(np.diff(table.time_ns[rows]).min()) for rows in groups if len(rows) > 1]
    shortest = min(steps, default=DAY_NS)
    if DAY_NS <= shortest < WEEK_NS:
        return "1d"
    seconds, rest = divmod(shortest, NS)
    for unit_s, letter in _UNITS:
        if not rest and seconds % unit_s == 0 and 1 <= seconds // unit_s <= MAX_COUNT:
            return f"{seconds // unit_s}{letter}"
    raise table.wrong("the time between bars must be whole seconds", None, table.time_name)


def _checked(table: Table, bars: Bars, rows: Ints, now_ns: int) -> Bars:
    """Refuse bars that the deck would refuse from a publisher, naming the row of the file."""
    described = DataSet((bars,), "", {}).instruments(derived=False)[0]
    fault = first_fault(bars, described, now_ns)
    if fault is not None:
        column = table.time_name if fault.column == "close_time_ns" else fault.column
        place = None if fault.row is None else int(rows[fault.row])
        raise table.wrong(fault.problem, place, column)
    return bars
