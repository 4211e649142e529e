"""Reading again, from time to time, what was read to its end: what is new is published."""

import asyncio
from datetime import timedelta

import structlog

from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.marketdata.backfill import KIND, Backfills
from quarterdeck_server.marketdata.domain.backfill import FilingWish, SeriesWish, Wish
from quarterdeck_server.marketdata.domain.source import SourceCapability, SourceReport
from quarterdeck_server.marketdata.ports import FilingStore, ObservationStore
from quarterdeck_server.marketdata.sources import SYSTEM, Sources
from quarterdeck_server.runtime.job import JobState
from quarterdeck_server.runtime.shared import Shared

log = structlog.get_logger()

LOOK_PAUSE_S = 60.0
MOST_JOBS = 1_000


class Refreshing:
    """Starts a backfill of what is older than the interval, one for each source at a time."""

    def __init__(
        self,
        sources: Sources,
        backfills: Backfills,
        stores: tuple[ObservationStore, FilingStore],
        shared: Shared,
        interval: timedelta,
    ) -> None:
        self._sources, self._backfills, self._shared = sources, backfills, shared
        self._observations, self._filings = stores
        self._interval_s = interval.total_seconds()
        self._next: dict[str, float] = {}

    async def run(self) -> None:
        """Look for what is old, for ever."""
        while True:
            await asyncio.sleep(min(LOOK_PAUSE_S, self._interval_s / 4))
            for report in self._sources.all():
                if not report.missing_setting:
                    await self._refresh(report)

    async def _refresh(self, report: SourceReport) -> None:
        """Start what is due. What failed is tried again an interval later, not at once."""
        name, now = report.record.name, self._shared.clock.monotonic()
        if now < self._next.get(name, 0.0) or await self._is_running(name):
            return
        try:
            wish = await self._wish(report)
            if wish is not None:
                self._next[name] = now + self._interval_s
                job = await self._backfills.start(name, wish, SYSTEM, "")
                log.info("refresh_started", source=name, subjects=len(wish.subjects), job=job)
        except QuarterdeckError as error:
            log.warning("refresh_not_started", source=name, error=str(error))

    async def _wish(self, report: SourceReport) -> Wish | None:
        name = report.record.name
        before_ns = self._shared.clock.now_ns() - round(self._interval_s * NS)
        if SourceCapability.BACKFILL_SERIES in report.capabilities:
            series = await self._observations.stale(name, before_ns)
            return SeriesWish(tuple(series), vintages=False) if series else None
        if SourceCapability.BACKFILL_FILINGS in report.capabilities:
            companies = await self._filings.stale(name, before_ns)
            return FilingWish(tuple(companies), (), facts=False) if companies else None
        return None

    async def _is_running(self, name: str) -> bool:
        """Tell whether what was started before, perhaps by another process, still runs."""
        jobs = await self._shared.jobs.list(JobState.RUNNING, None, MOST_JOBS)
        return any((job.kind, job.subject, job.owner) == (KIND, name, SYSTEM) for job in jobs)
