"""One backfill at work: page after page, patient with quotas and with vendors that are away."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Sequence
from dataclasses import replace

import structlog

from quarterdeck_server.kernel.errors import Exhausted, QuarterdeckError, Unavailable
from quarterdeck_server.kernel.time import NS, datetime_from_ns
from quarterdeck_server.marketdata import metrics
from quarterdeck_server.marketdata.domain.backfill import Standing
from quarterdeck_server.marketdata.domain.source import NotOffered, VendorRefused
from quarterdeck_server.marketdata.mapping.backfill import standing_text
from quarterdeck_server.marketdata.shelves import Page, Shelf
from quarterdeck_server.marketdata.source_ports import Source
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.job import Progress

log = structlog.get_logger()

POLL_S = 1.0
"""How often a waiting job looks whether it was canceled."""
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 300.0
QUOTA_PAUSE_S = 60.0
MOST_FAILURES_TOLD = 5


class BackfillRun[P: Page]:
    """Reads subjects one after the other and keeps their pages."""

    def __init__(
        self,
        source: Source,
        shelf: Shelf[P],
        subjects: Sequence[str],
        progress: Progress,
        clock: Clock,
    ) -> None:
        self._source, self._shelf, self._subjects = source, shelf, subjects
        self._progress, self._clock = progress, clock
        self._standing = Standing(0)
        self._fraction = 0.0

    async def perform(self, standing: Standing, patience_s: float) -> str:
        """Go on from where it stands to the end; raises what was not read."""
        self._standing = standing
        await self._report()
        for subject in self._subjects[standing.done :]:
            await self._read_one(subject, patience_s)
        return self._verdict()

    async def _read_one(self, subject: str, patience_s: float) -> None:
        """Read a subject; what is wrong with it alone is noted, and the others are read."""
        failures = self._standing.failures
        try:
            await self._insist(subject, patience_s)
            await self._shelf.finish(subject)
        except VendorRefused:
            raise
        except QuarterdeckError as error:
            metrics.BACKFILL_FAILURES.labels(self._source.name).inc()
            log.warning("backfill_subject_failed", source=self._source.name, error=str(error))
            failures = (*failures, f"{subject}: {error}")
        done = self._standing.done + 1
        self._standing = replace(self._standing, done=done, position="", failures=failures)
        self._fraction = 0.0
        await self._report()

    async def _insist(self, subject: str, patience_s: float) -> None:
        """Read a subject to its end, also when the vendor is away for a while."""
        failing_since: float | None = None
        pause_s = FIRST_PAUSE_S
        while True:
            position = self._standing.position
            try:
                return await self._read(subject)
            except Exhausted as error:
                await self._wait(error.retry_after_s or QUOTA_PAUSE_S, str(error))
            except Unavailable as error:
                now = self._clock.monotonic()
                if failing_since is None or self._standing.position != position:
                    failing_since, pause_s = now, FIRST_PAUSE_S
                if now - failing_since > patience_s:
                    raise
                await self._wait(max(pause_s, error.retry_after_s), str(error))
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _read(self, subject: str) -> None:
        pages = self._shelf.pages(subject, self._standing.position)
        try:
            while (page := await self._patiently(anext(pages, None))) is not None:
                await self._keep(page)
        finally:
            if isinstance(pages, AsyncGenerator):
                await pages.aclose()

    async def _keep(self, page: P) -> None:
        rows = await self._shelf.keep(page)
        metrics.BACKFILLED.labels(self._source.name).inc(rows)
        total = self._standing.rows + rows
        self._standing = replace(self._standing, position=page.position, rows=total)
        self._fraction = page.fraction
        await self._report()

    async def _patiently(self, page: Awaitable[P | None]) -> P | None:
        """Wait for a page, telling what it waits for and looking whether to stop."""
        task = asyncio.ensure_future(page)
        try:
            while not (await asyncio.wait({task}, timeout=POLL_S))[0]:
                await self._report(self._quota_note())
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _wait(self, seconds: float, reason: str) -> None:
        """Wait before the next attempt; a random part keeps jobs from coming back together."""
        seconds *= random.uniform(1.0, 1.1)  # noqa: S311 - spreads, no secret
        until_ns = self._clock.now_ns() + round(seconds * NS)
        end = self._clock.monotonic() + seconds
        while (left := end - self._clock.monotonic()) > 0:
            await self._report(f"waits until {_moment(until_ns)}: {reason}")
            await asyncio.sleep(min(left, POLL_S))

    def _quota_note(self) -> str:
        times = [quota.next_time_ns for quota in self._source.quotas() if quota.next_time_ns]
        return f"waits for the quota until {_moment(max(times))}" if times else ""

    async def _report(self, waiting: str = "") -> None:
        """Store how far it is; while the database is away the job goes on and tells later."""
        standing, count = self._standing, len(self._subjects)
        note = f"{standing.done} of {count} read, {standing.rows:,} rows"
        if standing.failures:
            note += f", {len(standing.failures)} failed"
        if waiting:
            note += f"; {waiting}"
        fraction = (standing.done + self._fraction) / count
        try:
            await self._progress.report(fraction, note, standing_text(standing))
        except Unavailable as error:
            log.warning("backfill_not_reported", source=self._source.name, error=str(error))

    def _verdict(self) -> str:
        standing, count = self._standing, len(self._subjects)
        if not standing.failures:
            return f"{count} read, {standing.rows:,} rows"
        told = "; ".join(standing.failures[:MOST_FAILURES_TOLD])
        more = len(standing.failures) - MOST_FAILURES_TOLD
        rest = f"; and {more} more" if more > 0 else ""
        raise NotOffered(
            self._source.name, f"{len(standing.failures)} of {count} were not read: {told}{rest}"
        )


def _moment(time_ns: int) -> str:
    return datetime_from_ns(time_ns).strftime("%Y-%m-%d %H:%M:%S UTC")
