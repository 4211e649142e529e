"""The months of a tearsheet: a row a year, a tone for each return."""

from collections.abc import Sequence

from quarterdeck_server.analytics.domain.months import MONTHS_IN_YEAR, Month, years_of
from quarterdeck_server.analytics.reports.page import Align, Cell, Column, Row, Table
from quarterdeck_server.analytics.reports.scale import MONTHS
from quarterdeck_server.analytics.reports.words import percent

EMPTY = Cell("")
STRONGEST = 0.9
"""Which share of the months has the strongest tone at most: one crash leaves the others theirs."""


def table(months: tuple[Month, ...]) -> Table:
    """Describe the months, and what each year amounts to."""
    titles = (*MONTHS, "Year")
    columns = (Column("", 0.07), *(Column(title, 0.93 / 13, Align.RIGHT) for title in titles))
    years = years_of(months)
    found = {(one.year, one.month): one.value for one in months}
    full = _full(months)
    rows = (_row(year, found, years[year], full) for year in sorted(years))
    note = "The first and the last month may be parts of one." if months else "No month yet."
    return Table("Monthly returns in percent", columns, tuple(rows), note)


def _full(months: Sequence[Month]) -> float:
    sizes = sorted(abs(one.value) for one in months)
    return sizes[int(STRONGEST * (len(sizes) - 1))] if sizes else 0.0


def _row(year: int, found: dict[tuple[int, int], float], whole: float, full: float) -> Row:
    months = (found.get((year, month)) for month in range(1, MONTHS_IN_YEAR + 1))
    cells = (EMPTY if value is None else _cell(value, full) for value in months)
    return (Cell(str(year)), *cells, Cell(_short(whole)))


def _cell(value: float, full: float) -> Cell:
    return Cell(_short(value), value / full if full else 0.0)


def _short(value: float) -> str:
    return percent(value, 1).removesuffix(" %")
