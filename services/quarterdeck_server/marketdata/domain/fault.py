"""A fault of columns that somebody wants to publish, and the questions every kind is asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.marketdata.domain.columns import Ints
from quarterdeck_server.marketdata.domain.instrument import Instrument

type Column = NDArray[Any]
type Wrong = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: a column, its row unless the whole column is at fault, and why."""

    column: str
    row: int | None
    problem: str

    def path(self, field: str) -> str:
        """Return the path of the fault in a request, for example "bars[0].close[3]"."""
        row = "" if self.row is None else f"[{self.row}]"
        return f"{field}.{self.column}{row}" if field else f"{self.column}{row}"


class Scaled(Protocol):
    """What has prices and sizes that are scaled."""

    @property
    def price_precision(self) -> int:
        """The digits of prices."""
        ...

    @property
    def size_precision(self) -> int:
        """The digits of sizes."""
        ...


def fault(name: str, column: Column, wrong: Wrong, problem: str) -> Fault | None:
    """Return the first row that is wrong, if one is."""
    if not wrong.any():
        return None
    row = int(wrong.argmax())
    return Fault(name, row, f"{problem}, was {column[row]}")


def precision_faults(scaled: Scaled, instrument: Instrument) -> Iterator[Fault | None]:
    """Return scales that are not those of the instrument."""
    for name in ("price_precision", "size_precision"):
        given, wanted = getattr(scaled, name), getattr(instrument, name)
        if given != wanted:
            yield Fault(name, None, f"must be {wanted} as the instrument has it, was {given}")


def shape_faults(batch: object, leading: str, names: Sequence[str]) -> Iterator[Fault | None]:
    """Return columns that are not as long as the leading one, or that it has no row."""
    rows = len(getattr(batch, leading))
    if not rows:
        yield Fault(leading, None, "must have at least one row")
    yield from length_faults(batch, leading, names)


def length_faults(batch: object, leading: str, names: Sequence[str]) -> Iterator[Fault | None]:
    """Return columns that are not as long as the leading one."""
    rows = len(getattr(batch, leading))
    for name in names:
        length = len(getattr(batch, name))
        if length != rows:
            yield Fault(name, None, f"must have {rows} rows as {leading} has, was {length}")


def time_faults(name: str, times: Ints, latest_ns: int) -> Iterator[Fault | None]:
    """Return times that no clock of ours could have shown."""
    yield fault(name, times, times <= 0, "must be after 1970")
    yield fault(name, times, times > latest_ns, "must not be in the future")


def time_fault(name: str, time_ns: int, latest_ns: int) -> Fault | None:
    """Return what is wrong with a single time."""
    if time_ns <= 0:
        return Fault(name, None, f"must be after 1970, was {time_ns}")
    if time_ns > latest_ns:
        return Fault(name, None, f"must not be in the future, was {time_ns}")
    return None
