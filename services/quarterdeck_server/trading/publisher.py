"""The publisher: what is committed reaches the bus, in order, however often the bus goes away.

It knows only up to which record the bus holds everything. What is handed over right after a commit
goes out at once; whatever is missing in between is read from the log.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

import structlog

from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.bus import Bus, Message
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.domain.topic import TopicRecord
from quarterdeck_server.trading.store import topics

log = structlog.get_logger()

MOST_WAITING = 20_000
PAGE = 1_000
PAUSE_S = 0.2


class Publisher:
    """Passes committed records on to the bus."""

    def __init__(self, postgres: Postgres, bus: Bus, epoch: int, through: int) -> None:
        self._postgres, self._bus, self._epoch = postgres, bus, epoch
        self._through = self._last = through
        self._waiting: deque[TopicRecord] = deque(maxlen=MOST_WAITING)
        self._wake = asyncio.Event()

    @property
    def behind(self) -> int:
        """How many committed records the bus does not hold yet."""
        return self._last - self._through

    def committed(self, records: Sequence[TopicRecord]) -> None:
        """Pass records on to readers, in order, without waiting."""
        if records:
            self._waiting.extend(records)
            self.reached(records[-1].position)

    def reached(self, position: int) -> None:
        """Learn that the log holds records up to a position."""
        if position > self._last:
            self._last = position
            self._wake.set()

    async def run(self) -> None:
        """Publish for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self.behind:
                await self._publish_next()
                metrics.UNPUBLISHED.set(self.behind)

    async def _publish_next(self) -> None:
        records = self._handed_over() or await topics.records_after(
            self._postgres, self._through, PAGE
        )
        if not records:
            self._last = self._through
            return
        try:
            await self._bus.publish([self._message(record) for record in records])
        except Unavailable as error:
            log.warning("records_not_published", behind=self.behind, error=str(error))
            await asyncio.sleep(PAUSE_S)
            return
        self._through = records[-1].position
        self._last = max(self._last, self._through)

    def _handed_over(self) -> list[TopicRecord]:
        """Return what waits if it continues what the bus holds; it stays until it is published."""
        while self._waiting and self._waiting[0].position <= self._through:
            self._waiting.popleft()
        if not self._waiting or self._waiting[0].position != self._through + 1:
            return []
        found: list[TopicRecord] = []
        for record in self._waiting:
            if record.position != self._through + 1 + len(found) or len(found) == PAGE:
                break
            found.append(record)
        return found

    def _message(self, record: TopicRecord) -> Message:
        return Message(
            record.topic, self._epoch, record.sequence, 1, record.publish_time_ns, record.payload
        )
