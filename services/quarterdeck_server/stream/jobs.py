"""What runs beside the calls: taking events from the bus, pacing, housekeeping, repairs."""

import asyncio
from dataclasses import asdict, replace
from datetime import timedelta

import structlog

from quarterdeck_server.kernel.errors import QuarterdeckError, Unavailable
from quarterdeck_server.runtime.bus import WHOLE, Batch, Bus, Share
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.stream import metrics
from quarterdeck_server.stream.encode import KINDS
from quarterdeck_server.stream.engine.hub import Hub
from quarterdeck_server.stream.engine.outage import Outages
from quarterdeck_server.stream.engine.reader import Sent
from quarterdeck_server.stream.engine.terms import Counts, Loss
from quarterdeck_server.stream.ports import Published, Records
from quarterdeck_server.stream.sessions import Sessions
from quarterdeck_server.stream.turns import in_turns

log = structlog.get_logger()

PACE_S = 0.02
IDLE_PACE_S = 0.2
HOUSEKEEPING_S = 1.0
BREATH = 250
"""So many events at once, then readers have their turn: a worker that lags must still write."""
RETRY_PAUSE_S = 0.5
REPAIR_PATIENCE_S = 10.0
REPAIR_PAUSE_S = 0.25


class Intake:
    """Publishes what comes over the bus, and says when nothing can come."""

    def __init__(self, bus: Bus, hub: Hub, clock: Clock, window: timedelta) -> None:
        self._bus, self._hub, self._clock, self._window = bus, hub, clock, window
        self._outages = Outages(hub)

    async def run(self) -> None:
        """Follow the bus for ever; the last minute first, which fills the rings again."""
        while True:
            try:
                async with self._bus.subscribe(KINDS, replay=self._window) as batches:
                    self._note_back(WHOLE)
                    async for batch in batches:
                        await self._take(batch)
            except Unavailable:
                self._note_away(WHOLE)
            await asyncio.sleep(RETRY_PAUSE_S)

    async def _take(self, batch: Batch) -> None:
        if batch.away:
            self._note_away(batch.share)
            return
        self._note_back(batch.share)
        now = self._clock.monotonic()
        if batch.lost:
            self._hub.suspect_loss(batch.share.holds)
        for place, message in enumerate(batch.messages, start=1):
            self._hub.publish(message, now)
            if place % BREATH == 0:
                await asyncio.sleep(0)
        # Readers first, then the bus again: asking it takes longer than a frame.
        self._hub.flush()
        await asyncio.sleep(0)

    def _note_back(self, share: Share) -> None:
        if self._outages.end(share.number, share.holds, self._clock.monotonic()):
            log.info("bus_came_back", part=share.number)

    def _note_away(self, share: Share) -> None:
        topics = self._outages.begin(share.number, share.holds, self._clock.monotonic())
        log.warning("bus_went_away", part=share.number, stale_topics=topics)


async def pace(hub: Hub, clock: Clock) -> None:
    """Let out what waits for its turn under a rate."""
    while True:
        await asyncio.sleep(PACE_S if hub.index.paced else IDLE_PACE_S)
        hub.release_paced(clock.monotonic())


class Housekeeping:
    """Looks after sessions, rings, silent topics and metrics, once a second.

    What was counted is kept here, so that a failure and a new start count nothing twice.
    """

    def __init__(self, hub: Hub, sessions: Sessions, clock: Clock) -> None:
        self._hub, self._sessions, self._clock = hub, sessions, clock
        self._sent, self._counts = Sent(), Counts()

    async def run(self) -> None:
        """Look once a second, for ever."""
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            await self.look()

    async def look(self) -> None:
        """Look once, in turns: with thousands of streams it is work for many milliseconds."""
        hub, sessions = self._hub, self._sessions
        await sessions.look_after()
        hub.evict(self._clock.monotonic())
        async for group in in_turns(hub.index):
            group.trim()
        hub.watch_silence(self._clock.monotonic())
        before, self._sent = self._sent, sessions.sent()
        metrics.add_sent(before, self._sent)
        counted, self._counts = self._counts, replace(hub.counts)
        metrics.add_taken(asdict(counted), asdict(self._counts))
        metrics.CONNECTIONS.set(len(sessions))
        metrics.GROUPS.set(len(hub.index))
        metrics.TOPICS.set(len(hub.topics))
        metrics.RING_BYTES.set(hub.kept_bytes)


class Repairs:
    """Reads from the trading log what the bus lost of durable topics."""

    def __init__(self, hub: Hub, sessions: Sessions, records: Records, clock: Clock) -> None:
        self._hub, self._sessions = hub, sessions
        self._records, self._clock = records, clock
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, loss: Loss) -> None:
        """Mend a loss; the topic's later events wait until it is mended or given up."""
        task = asyncio.create_task(self._mend(loss), name="stream-repair")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is not mended yet."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _mend(self, loss: Loss) -> None:
        found: tuple[Published, ...] = ()
        try:
            found = await self._read(loss)
        finally:
            # Whatever happened: a topic that stays on hold would be silent for ever.
            metrics.REPAIRS.labels("read" if found else "nothing").inc()
            self._hub.mend(loss.topic, found, self._clock.monotonic())

    async def _read(self, loss: Loss) -> tuple[Published, ...]:
        give_up_at = self._clock.monotonic() + REPAIR_PATIENCE_S
        while self._clock.monotonic() < give_up_at:
            token = self._sessions.token_for(loss.topic)
            if token is None:
                break
            try:
                records = await self._records.after(loss.topic, loss.after, loss.until, token)
            except QuarterdeckError:
                await asyncio.sleep(REPAIR_PAUSE_S)
            else:
                return tuple(records.messages)
        return ()
