"""The source."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from itertools import batched

from quarterdeck_server.adapters.fred import parse
from quarterdeck_server.adapters.http.client import Reader
from quarterdeck_server.adapters.http.quota import QuotaKeeper
from quarterdeck_server.kernel.errors import Exhausted
from quarterdeck_server.marketdata.domain.backfill import SeriesPage
from quarterdeck_server.marketdata.domain.observation import Series
from quarterdeck_server.marketdata.domain.source import Quota

MOST_ROWS = 100_000
"""Observations that an answer has at most."""
MOST_VINTAGE_DAYS = 10_000
"""Vintages that an answer lists at most."""
WINDOW_VINTAGES = 1_000
"""FRED refuses times with more than 2,000 vintages."""
EVER = ("1776-07-04", "9999-12-31")
"""What FRED calls all of time."""
PAUSE_S = 60.0


class FredSource:
    """Statistical series."""

    name = parse.SOURCE
    display_name = "FRED"
    provenance = parse.PROVENANCE

    def __init__(self, reader: Reader, quota: QuotaKeeper, missing_setting: str) -> None:
        self._reader, self._quota = reader, quota
        self.missing_setting = missing_setting

    def quotas(self) -> Sequence[Quota]:
        """Return what is left of the minute."""
        return self._quota.quotas()

    async def series_pages(
        self, series: str, *, vintages: bool, after: str
    ) -> AsyncIterator[SeriesPage]:
        """Read the values of today, or all there were, window after window of vintages.

        A position is the first vintage of a window and the rows of it that are done.
        """
        try:
            described = await self._reader.get("/fred/series", _call(series), parse.series)
            windows = await self._windows(series) if vintages else [("", "")]
            begun, _, rows = after.partition("+")
            for place, window in enumerate(windows):
                if begun and window[0] < begun:
                    continue
                offset = int(rows) if window[0] == begun and rows else 0
                async for page in self._window(described, series, window, offset):
                    whole = (place + page.fraction) / len(windows)
                    yield SeriesPage(described, page.observations, page.position, whole)
        except Exhausted as error:
            self._quota.block(error.retry_after_s or PAUSE_S)
            raise

    async def _window(
        self, described: Series, series: str, window: tuple[str, str], offset: int
    ) -> AsyncIterator[SeriesPage]:
        """Read what was known within a window of vintages."""
        read = partial(parse.observations, name=described.name)
        start, end = window
        times = {"realtime_start": start, "realtime_end": end} if start else {}
        while True:
            rows = {"limit": str(MOST_ROWS), "offset": str(offset)}
            found, count = await self._reader.get(
                "/fred/series/observations", {**_call(series), **times, **rows}, read
            )
            offset += len(found)
            fraction = min(offset / count, 1.0) if count else 1.0
            yield SeriesPage(described, found, f"{start}+{offset}", fraction)
            if offset >= count or not len(found):
                return

    async def _windows(self, series: str) -> list[tuple[str, str]]:
        """Return windows with as many vintages as FRED answers about, oldest first."""
        days: list[str] = []
        while True:
            start, end = EVER
            call = {"realtime_start": start, "realtime_end": end}
            pages = {"limit": str(MOST_VINTAGE_DAYS), "offset": str(len(days))}
            found, count = await self._reader.get(
                "/fred/series/vintagedates", {**_call(series), **call, **pages}, parse.vintages
            )
            days += found
            if len(days) >= count or not found:
                break
        parts = batched(days, WINDOW_VINTAGES, strict=False)
        windows = [(window[0], window[-1]) for window in parts]
        return windows or [("", "")]


def _call(series: str) -> dict[str, str]:
    return {"series_id": series, "file_type": "json"}
