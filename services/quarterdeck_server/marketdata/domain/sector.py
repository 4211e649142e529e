"""Files that say which sectors instruments are of. Pure."""

from collections.abc import Iterator

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.sheet import Row, SheetInvalid, rows
from quarterdeck_server.marketdata.domain.instrument import check_sector

FIELD = "csv"
MOST_ROWS = 20_000
COLUMNS = ("instrument", "sector")

type SectorRow = tuple[Row, str, str]
"""A row, the instrument that it names, and its sector."""


def read_sectors(content: str) -> Iterator[SectorRow | SheetInvalid]:
    """Yield the rows of a file, or why they are none; raises SheetInvalid where reading ends."""
    seen: dict[str, int] = {}
    for row in rows(FIELD, content, COLUMNS, COLUMNS, MOST_ROWS):
        try:
            instrument, sector = row.text("instrument"), _sector(row)
            if (first := seen.setdefault(instrument, row.number)) != row.number:
                raise row.refused("instrument", f"was told in row {first} already")
        except SheetInvalid as error:
            yield error
        else:
            yield row, instrument, sector


def _sector(row: Row) -> str:
    sector = row.text("sector")
    try:
        check_sector(sector, "sector")
    except InvalidField as error:
        raise row.refused("sector", error.problem) from error
    return sector
