"""Tells people of silent sources: log, metric, notices in the stream, and a webhook."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable

import structlog

from quarterdeck.api.stream.v1.notice_pb2 import (
    NOTICE_SEVERITY_INFO,
    NOTICE_SEVERITY_WARNING,
    Notice,
)
from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.bus.port import Bus
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.stream import metrics
from quarterdeck_server.stream.encode import KINDS
from quarterdeck_server.stream.engine.hub import Hub
from quarterdeck_server.stream.staleness import Alert, Change, Staleness
from quarterdeck_server.stream.webhook import Webhook

log = structlog.get_logger()

TOPIC = topics.topic("notices", "staleness")
SUBJECT = "staleness"
INTERVAL_S = 1.0
MEMORY_S = 5.0
"""A worker that takes over tells of what began so shortly before; it may then be told twice."""
MOST_WAITING = 1_000


class Alerts:
    """Every worker sees every silence; one of them speaks for all."""

    def __init__(
        self,
        hub: Hub,
        bus: Bus,
        clock: Clock,
        speaks: Callable[[], bool],
        staleness: Staleness,
        webhook: Webhook | None,
    ) -> None:
        self._hub, self._bus, self._clock, self._speaks = hub, bus, clock, speaks
        self._staleness, self._webhook = staleness, webhook
        self._recent: deque[tuple[float, Alert]] = deque(maxlen=MOST_WAITING)
        self._notices: deque[Notice] = deque(maxlen=MOST_WAITING)

    async def run(self) -> None:
        """Look once a second, for ever."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            await self.look()

    async def look(self) -> None:
        """Tell of what changed since the last look."""
        now = self._clock.monotonic()
        stale = {name: one.stale for name, one in self._hub.topics.items() if one.stale}
        counts = Counter(map(topics.kind, stale))
        for kind in KINDS:
            metrics.STALE.labels(kind).set(counts[kind])
        self._recent.extend((now, alert) for alert in self._staleness.look(stale, now))
        while self._recent and now - self._recent[0][0] > MEMORY_S:
            self._recent.popleft()
        while self._recent and self._speaks():
            _, alert = self._recent.popleft()
            self._tell(alert)
        await self._publish()

    def _tell(self, alert: Alert) -> None:
        write = log.warning if alert.change is Change.STALE else log.info
        event = "topics_fell_silent" if alert.change is Change.STALE else "topics_recovered"
        write(event, kind=alert.kind, topics=len(alert.topics), text=alert.text)
        severity = NOTICE_SEVERITY_INFO
        if alert.change is Change.STALE:
            severity = NOTICE_SEVERITY_WARNING
        notice = Notice(severity=severity, subject=SUBJECT, text=alert.text_for_all)
        self._notices.append(notice)
        if self._webhook is not None:
            self._webhook.send(alert, self._clock.now_ns())

    async def _publish(self) -> None:
        """Publish the notices that wait; while the bus is away they wait for the next look."""
        while self._notices:
            payload = self._notices[0].SerializeToString()
            try:
                await self._bus.append(TOPIC, payload, publish_time_ns=self._clock.now_ns())
            except Unavailable:
                metrics.ALERTS.labels("notice", "delayed").inc()
                return
            self._notices.popleft()
            metrics.ALERTS.labels("notice", "sent").inc()
