"""Bringing bars into history that were never published."""

from collections.abc import Sequence

from quarterdeck_server.marketdata.domain.columns import Bars
from quarterdeck_server.marketdata.ports import HistoryStore
from quarterdeck_server.runtime.job import Progress

IMPORT_ROWS = 2_000


async def import_bars(history: HistoryStore, series: Sequence[Bars], progress: Progress) -> str:
    """Store bars that were never published, a piece at a time; doing it again changes nothing."""
    total = sum(len(bars) for bars in series)
    done = 0
    for bars in series:
        for start in range(0, len(bars), IMPORT_ROWS):
            piece = bars.rows(slice(start, start + IMPORT_ROWS))
            await history.write_bars([piece])
            done += len(piece)
            await progress.report(done / total, f"{done:,} of {total:,} bars")
    return f"{total:,} bars imported"
