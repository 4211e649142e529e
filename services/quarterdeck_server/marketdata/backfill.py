"""Reading the past from sources: jobs that keep to quotas, can be canceled, outlive restarts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from quarterdeck_server.kernel.errors import InvalidField, NotPossibleNow
from quarterdeck_server.marketdata.backfill_run import BackfillRun
from quarterdeck_server.marketdata.domain.backfill import (
    BarWish,
    FilingWish,
    SeriesWish,
    Standing,
    Wish,
)
from quarterdeck_server.marketdata.instruments import Instruments
from quarterdeck_server.marketdata.mapping.backfill import standing_of, wish_of, wish_text
from quarterdeck_server.marketdata.outlet import Outlet
from quarterdeck_server.marketdata.ports import FilingStore, HistoryStore, ObservationStore
from quarterdeck_server.marketdata.shelves import BarShelf, FilingShelf, SeriesShelf, Shelf
from quarterdeck_server.marketdata.source_ports import (
    BarBackfill,
    FilingBackfill,
    SeriesBackfill,
    Source,
)
from quarterdeck_server.marketdata.sources import Sources, capabilities
from quarterdeck_server.runtime.job import Order, Progress
from quarterdeck_server.runtime.shared import Shared

KIND = "backfill"


@dataclass(frozen=True, slots=True)
class Archive:
    """Where backfills put what they read."""

    instruments: Instruments
    history: HistoryStore
    observations: ObservationStore
    filings: FilingStore
    outlet: Outlet


class Backfills:
    """Starts backfills, and goes on with those of processes before this one."""

    def __init__(
        self, sources: Sources, archive: Archive, shared: Shared, patience: timedelta
    ) -> None:
        self._sources, self._archive, self._shared = sources, archive, shared
        self._patience_s = patience.total_seconds()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run backfills within the block."""
        async with self._shared.jobs.offered(KIND, self._resume):
            yield

    async def start(self, name: str, wish: Wish, owner: str, request_id: str) -> str:
        """Start a job that reads what is wished; the same request is the same job."""
        source = self._sources.adapter(name)
        self._check(source, wish)
        order = Order(KIND, name, owner, wish_text(wish), request_id)
        return await self._shared.jobs.begin(order)

    def _check(self, source: Source, wish: Wish) -> None:
        if source.missing_setting:
            raise NotPossibleNow(source.name, f"it needs a setting first: {source.missing_setting}")
        if wish.capability not in capabilities(source):
            what = wish.capability.name.removeprefix("BACKFILL_").lower()
            raise NotPossibleNow(source.name, f"it has no {what} to backfill")
        if isinstance(wish, BarWish) and isinstance(source, BarBackfill):
            self._check_bars(source, wish)

    def _check_bars(self, source: BarBackfill, wish: BarWish) -> None:
        if wish.start_ns >= self._shared.clock.now_ns():
            raise InvalidField("bars.start_time", "must be in the past")
        for place, name in enumerate(wish.instruments):
            instrument = self._archive.instruments.find(name, f"bars.instruments[{place}]")
            source.check_bars(instrument, wish.interval)

    async def _resume(self, subject: str, request: str, progress: Progress) -> str:
        source, wish = self._sources.adapter(subject), wish_of(request)
        self._check(source, wish)
        standing = standing_of(progress.position) or Standing(self._shared.clock.now_ns())
        shelf = self._shelf(source, wish, standing.begin_ns)
        run = BackfillRun(source, shelf, wish.subjects, progress, self._shared.clock)
        return await run.perform(standing, self._patience_s)

    def _shelf(self, source: Source, wish: Wish, begin_ns: int) -> Shelf[Any]:
        archive = self._archive
        if isinstance(wish, BarWish) and isinstance(source, BarBackfill):
            end_ns = begin_ns if wish.end_ns is None else min(wish.end_ns, begin_ns)
            return BarShelf(
                source, wish, end_ns, archive.instruments, archive.history, self._shared.clock
            )
        clock = self._shared.clock
        if isinstance(wish, SeriesWish) and isinstance(source, SeriesBackfill):
            return SeriesShelf(source, wish, archive.observations, archive.outlet, clock)
        if isinstance(wish, FilingWish) and isinstance(source, FilingBackfill):
            return FilingShelf(source, wish, archive.filings, archive.outlet, clock)
        raise AssertionError("what a source cannot do is refused before")
