"""Telling readers what sources do: on "sources/{source}", at each change."""

import asyncio
from collections import deque
from dataclasses import replace

import structlog

from quarterdeck_server.kernel.topics import topic
from quarterdeck_server.marketdata.domain.source import SourceReport
from quarterdeck_server.marketdata.mapping.source import source_to
from quarterdeck_server.marketdata.outlet import NotPublished, Outlet, Parcel

log = structlog.get_logger()

MOST_WAITING = 1_000
RETRY_PAUSE_S = 0.5


class SourceNews:
    """Publishes a source whenever more of it changed than how far it is."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._told: dict[str, SourceReport] = {}
        self._waiting: deque[SourceReport] = deque(maxlen=MOST_WAITING)
        self._arrived = asyncio.Event()

    def note(self, report: SourceReport) -> None:
        """Take a report; it is published soon if it tells something new."""
        essence = _essence(report)
        if self._told.get(report.record.name) != essence:
            self._told[report.record.name] = essence
            self._waiting.append(report)
            self._arrived.set()

    async def publish_for_ever(self) -> None:
        """Publish what waits, in order; what the bus does not take waits on."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                await self._publish(self._waiting[0])
                self._waiting.popleft()

    async def _publish(self, report: SourceReport) -> None:
        name = topic("sources", report.record.name.removeprefix("sources/"))
        parcel = Parcel(name, 1, source_to(report).SerializeToString())
        while True:
            try:
                await self._outlet.send([parcel])
            except NotPublished as error:
                log.warning("source_not_announced", source=report.record.name, error=str(error))
                await asyncio.sleep(RETRY_PAUSE_S)
            else:
                return


def _essence(report: SourceReport) -> SourceReport:
    record = replace(report.record, published_rows=0, last_publish_time_ns=None, event_time_ns=None)
    return replace(report, record=record)
