"""Sets the sectors of many instruments at once: all of a file, or nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from quarterdeck_server.kernel.sheet import SheetInvalid
from quarterdeck_server.marketdata import metrics
from quarterdeck_server.marketdata.domain.sector import SectorRow, read_sectors
from quarterdeck_server.marketdata.instruments import Instruments
from quarterdeck_server.runtime.compute import Compute

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SectorsImported:
    """What a file came to, or would; problems in the order of the rows."""

    changed: int
    unchanged: int
    problems: tuple[SheetInvalid, ...] = ()


class SectorImporter:
    """Reads files of sectors."""

    def __init__(self, instruments: Instruments, compute: Compute) -> None:
        self._instruments, self._compute = instruments, compute

    async def run(self, content: str, *, dry_run: bool) -> SectorsImported:
        """Set the sectors of a file.

        Raises SheetInvalid for the first row that cannot be accepted, which a dry run lists with
        all others.
        """
        found = await self._compute.thread(_read, content)
        judged = [self._known(one) for one in found]
        problems = tuple(one for one in judged if isinstance(one, SheetInvalid))
        metrics.SECTOR_ROWS_REFUSED.inc(len(problems))
        if problems and not dry_run:
            raise problems[0]
        sectors = {one[1]: one[2] for one in judged if not isinstance(one, SheetInvalid)}
        if dry_run:
            changed = len(self._instruments.other_sectors(sectors))
        else:
            changed = await self._instruments.put_sectors(sectors)
            log.info("sectors_imported", changed=changed, unchanged=len(sectors) - changed)
        return SectorsImported(changed, len(sectors) - changed, problems)

    def _known(self, one: SectorRow | SheetInvalid) -> SectorRow | SheetInvalid:
        if isinstance(one, SheetInvalid) or self._instruments.knows(one[1]):
            return one
        return one[0].refused("instrument", "is not known")


def _read(content: str) -> list[SectorRow | SheetInvalid]:
    return list(_until_unreadable(content))


def _until_unreadable(content: str) -> Iterator[SectorRow | SheetInvalid]:
    try:
        yield from read_sectors(content)
    except SheetInvalid as error:
        # What follows a row that is no row cannot be read.
        yield error
