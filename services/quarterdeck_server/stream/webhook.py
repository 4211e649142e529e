"""Posts alerts of silent sources to an address of the user, without holding anything up."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import httpx
import structlog

from quarterdeck_server.stream import metrics
from quarterdeck_server.stream.staleness import Alert

log = structlog.get_logger()

LONGEST_QUEUE = 1_000
ATTEMPTS = 4
FIRST_PAUSE_S = 0.5
TIMEOUT_S = 5.0
MOST_TOPICS = 100
NS = 1_000_000_000


class Webhook:
    """A queue of alerts and the loop that posts them, in order."""

    def __init__(self, url: str, worker: str, *, first_pause_s: float = FIRST_PAUSE_S) -> None:
        self._url, self._worker, self._first_pause_s = url, worker, first_pause_s
        self._waiting: asyncio.Queue[Mapping[str, object]] = asyncio.Queue(LONGEST_QUEUE)

    def send(self, alert: Alert, now_ns: int) -> None:
        """Post an alert soon; when too many wait it is dropped, counted and logged."""
        try:
            self._waiting.put_nowait(body_of(alert, self._worker, now_ns))
        except asyncio.QueueFull:
            metrics.ALERTS.labels("webhook", "dropped").inc()
            log.warning("alert_dropped", text=alert.text)

    async def run(self) -> None:
        """Post what waits, for ever."""
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            while True:
                body = await self._waiting.get()
                sent = await self._post(client, body)
                metrics.ALERTS.labels("webhook", "sent" if sent else "failed").inc()

    async def _post(self, client: httpx.AsyncClient, body: Mapping[str, object]) -> bool:
        pause_s = self._first_pause_s
        for attempt in range(1, ATTEMPTS + 1):
            problem = await self._try(client, body)
            if not problem:
                return True
            log.warning("alert_post_failed", problem=problem, attempt=attempt)
            if attempt < ATTEMPTS:
                await asyncio.sleep(pause_s)
                pause_s *= 2
        return False

    async def _try(self, client: httpx.AsyncClient, body: Mapping[str, object]) -> str:
        try:
            answer = await client.post(self._url, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return type(error).__name__
        return "" if answer.is_success else f"status {answer.status_code}"


def body_of(alert: Alert, worker: str, now_ns: int) -> dict[str, object]:
    """Return the JSON of an alert, as the guide to streaming documents it."""
    return {
        "event": alert.change.value,
        "kind": alert.kind,
        "text": alert.text,
        "time": datetime.fromtimestamp(now_ns / NS, UTC).isoformat(timespec="milliseconds"),
        "worker": worker,
        "topic_count": len(alert.topics),
        "topics": [
            {"topic": one.topic, "silent_for_s": one.silent_ns / NS, "note": one.note}
            for one in alert.topics[:MOST_TOPICS]
        ],
    }
