"""The columns of a file, with what it takes to name a wrong place in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from quarterdeck_server.adapters.replay.errors import FileInvalid
from quarterdeck_server.marketdata.domain.columns import Floats, Ints

PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "volume")
TIMES = ("time", "timestamp", "date")


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A file in columns; ``place`` has the number of each row as people count: from 1."""

    file: str
    place: Sequence[int]
    time_name: str
    time_ns: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    instrument: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.time_ns)

    def wrong(self, problem: str, row: int | None, column: str) -> FileInvalid:
        """Return the error for a row of this table."""
        place = None if row is None else self.place[row]
        return FileInvalid(self.file, problem, row=place, column=column)


def columns_of(file: str, names: Iterable[str]) -> Mapping[str, int]:
    """Return where each column stands; refuse a header that lacks one or has one twice."""
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        plain = name.strip().lower()
        if plain in places:
            raise FileInvalid(file, "the column comes twice", row=1, column=plain)
        places[plain] = place
    for name in NUMBERS:
        if name not in places:
            raise FileInvalid(file, "the column is missing", row=1, column=name)
    if not any(name in places for name in TIMES):
        raise FileInvalid(file, f"one of {', '.join(TIMES)} is missing", row=1, column=TIMES[0])
    return places


def time_column(columns: Iterable[str]) -> str:
    """Return which column has the times."""
    return next(name for name in TIMES if name in columns)
