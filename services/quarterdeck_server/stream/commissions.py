"""Topics that exist while somebody reads them: computed on demand, published for all.

Once a second this worker looks which of them its readers want, and has those made, each with the
token of a reader who may read it: what nobody reads costs nothing, and nobody gets what is not
theirs to see. The bus numbers the events, since several workers may have a topic made.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import structlog

from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import QuarterdeckError, Unavailable
from quarterdeck_server.runtime.bus import Bus
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.stream import metrics
from quarterdeck_server.stream.domain import COMMISSIONED
from quarterdeck_server.stream.engine.hub import Hub
from quarterdeck_server.stream.ports import Makers

log = structlog.get_logger()

LOOK_S = 1.0
RETRY_S = 3.0
"""How long after an end that nobody wanted a topic is tried again."""
REFUSED_S = 60.0
"""How long after a refusal: of an account that does not exist, for example."""
MOST_MADE = 200
"""Topics that a worker has made at the same time; who wants more gets the first ones by name."""

type TokenFor = Callable[[str], str | None]


class Commissions:
    """Has topics made for as long as they are read here."""

    def __init__(
        self, hub: Hub, token_for: TokenFor, makers: Makers, bus: Bus, clock: Clock
    ) -> None:
        self._hub, self._token_for, self._makers = hub, token_for, makers
        self._bus, self._clock = bus, clock
        self._made: dict[str, asyncio.Task[None]] = {}
        self._retry_at: dict[str, float] = {}

    async def run(self) -> None:
        """Look once a second, for ever."""
        try:
            while True:
                self.look()
                await asyncio.sleep(LOOK_S)
        finally:
            self._keep(frozenset())

    def look(self) -> None:
        """Begin what is wanted and is not made, end what is made and not wanted."""
        wanted = self._wanted()
        self._keep(wanted)
        now = self._clock.monotonic()
        for topic in sorted(wanted - self._made.keys()):
            if len(self._made) >= MOST_MADE:
                break
            if now >= self._retry_at.get(topic, 0.0) and (token := self._token_for(topic)):
                self._begin(topic, token)
        metrics.COMMISSIONS.labels("made").set(len(self._made))
        metrics.COMMISSIONS.labels("left_out").set(len(wanted) - len(self._made))

    def _wanted(self) -> frozenset[str]:
        names = self._hub.index.commissioned
        stems = tuple(name for name in names if name.endswith("/"))
        exact = {name for name in names if not name.endswith("/")}
        return frozenset(exact | {one for one in self._known() if one.startswith(stems)})

    def _known(self) -> set[str]:
        """Return the topics that could be made, as far as topics like them have events."""
        likes = {like: kind for kind, like in COMMISSIONED.items()}
        found = set()
        for name in self._hub.topics:
            kind, _, key = name.partition("/")
            if kind in likes:
                found.add(f"{likes[kind]}/{key}")
        return found

    def _keep(self, wanted: frozenset[str]) -> None:
        for topic in self._made.keys() - wanted:
            self._made.pop(topic).cancel()
        for topic in self._retry_at.keys() - wanted:
            del self._retry_at[topic]

    def _begin(self, topic: str, token: str) -> None:
        task = asyncio.create_task(self._make(topic, token), name="stream-commission")
        self._made[topic] = task
        task.add_done_callback(lambda done: self._ended(topic, done))

    async def _make(self, topic: str, token: str) -> None:
        async with aclosing(self._makers.events(topic, token)) as events:
            async for payload in events:
                if not self._is_newest(topic, payload):
                    await self._bus.append(topic, payload, publish_time_ns=self._clock.now_ns())

    def _is_newest(self, topic: str, payload: bytes) -> bool:
        """Tell whether another worker, or this one before, has published the same."""
        known = self._hub.topics.get(topic)
        newest = None if known is None else known.newest
        return newest is not None and newest.endswith(payload)

    def _ended(self, topic: str, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._made.get(topic) is not task:
            return  # it was not wanted any more
        del self._made[topic]
        error, pause_s, reason = task.exception(), RETRY_S, "INTERNAL"
        if isinstance(error, QuarterdeckError):
            reason = error.reason
            pause_s = RETRY_S if isinstance(error, Unavailable) else REFUSED_S
        elif error is not None:
            log.error("topic_not_made", kind=topics.kind(topic), exc_info=error)
        self._retry_at[topic] = self._clock.monotonic() + pause_s
        metrics.COMMISSION_FAILURES.labels(reason).inc()
