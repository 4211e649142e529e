"""A table for programs and spreadsheets: named columns of one kind each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from quarterdeck_server.analytics.reports.page import Fact

type Value = str | bool | int | float | Decimal | date | datetime | None


class Kind(Enum):
    """What the values of a column are; any of them may be absent, which is None."""

    TEXT = "text"
    FLAG = "flag"
    WHOLE = "whole"
    NUMBER = "number"
    EXACT = "exact"
    DATE = "date"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Column:
    """A named column."""

    name: str
    kind: Kind
    values: Sequence[Value]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table, and what it is of."""

    name: str
    about: tuple[Fact, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]

    def rows(self) -> Iterator[tuple[Value, ...]]:
        """Yield the rows."""
        return zip(*(column.values for column in self.columns), strict=True)
