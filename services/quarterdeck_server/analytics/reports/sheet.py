"""A table for programs and spreadsheets, and what it is of."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from quarterdeck_server.analytics.reports.page import Fact
from quarterdeck_server.kernel.table import Column, Kind, Table, Value


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table, and what it is of."""

    name: str
    about: tuple[Fact, ...]
    columns: Table

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]

    @property
    def facts(self) -> dict[str, str]:
        """What it is of, by names for programs."""
        return {fact.name.lower().replace(" ", "_"): fact.value for fact in self.about}

    def rows(self, time: Callable[[int], Value]) -> Iterator[tuple[Value, ...]]:
        """Yield the rows; ``time`` makes what a form has for times, of nanoseconds."""
        return zip(*(_values(column, time) for column in self.columns), strict=True)


def _values(column: Column, time: Callable[[int], Value]) -> Iterable[Value]:
    if column.kind is not Kind.TIME:
        return column.values
    return (time(value) if isinstance(value, int) else None for value in column.values)
