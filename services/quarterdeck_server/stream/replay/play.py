"""Plays a reel at a speed: frames of encoded events, and heartbeats that tell the event time."""

import asyncio
from collections.abc import AsyncIterator

from quarterdeck_server.kernel.time import NS
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.stream.domain import Gap, Heartbeat
from quarterdeck_server.stream.engine.frame import MAX_FRAME_BYTES
from quarterdeck_server.stream.ports import Encoder
from quarterdeck_server.stream.replay.reel import Item, Reel

ENDLESS_NS = 2**63 - 1
LEAST_PAUSE_S = 0.01
"""Rows that are due within so short a time leave together."""
MOST_EVENTS = 200
"""Events of a frame: others have their turn between two frames."""


class Pace:
    """Which event time it is, by a clock that begins with the first event."""

    def __init__(self, clock: Clock, speed: float) -> None:
        self._clock, self._speed = clock, speed
        self._began: tuple[int, float] | None = None

    def due_ns(self, next_ns: int) -> int:
        """Return up to which event time events are due."""
        if not self._speed:
            return ENDLESS_NS
        if self._began is None:
            self._began = next_ns, self._clock.monotonic()
        first_ns, began = self._began
        passed = (self._clock.monotonic() - began) * self._speed * NS
        return min(ENDLESS_NS, first_ns + int(passed))

    def wait_s(self, next_ns: int) -> float:
        """Return how long until an event is due."""
        due_ns = self.due_ns(next_ns)
        return (next_ns - due_ns) / NS / self._speed if next_ns > due_ns else 0.0


class Player:
    """One replay."""

    def __init__(
        self, reel: Reel, encoder: Encoder, clock: Clock, *, speed: float, heartbeat_s: float
    ) -> None:
        self._reel, self._encoder, self._clock = reel, encoder, clock
        self._pace = Pace(clock, speed)
        self._heartbeat_s = heartbeat_s
        self._beat_at = clock.monotonic() + heartbeat_s
        self._time_ns = 0
        self._prefixes: dict[tuple[str, int], bytes] = {}

    async def frames(self) -> AsyncIterator[bytes]:
        """Yield frames until the reel ends; the last one is a heartbeat."""
        while (next_ns := self._reel.next_time_ns) is not None:
            if wait_s := self._pace.wait_s(next_ns):
                left_s = max(0.0, self._beat_at - self._clock.monotonic())
                await asyncio.sleep(min(max(wait_s, LEAST_PAUSE_S), left_s))
                self._time_ns = max(self._time_ns, self._pace.due_ns(next_ns))
            else:
                yield await self._frame(self._pace.due_ns(next_ns))
            if self._clock.monotonic() >= self._beat_at:
                self._beat_at = self._clock.monotonic() + self._heartbeat_s
                yield self._heartbeat()
        yield self._heartbeat()

    async def _frame(self, due_ns: int) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while size < MAX_FRAME_BYTES and len(chunks) < MOST_EVENTS:
            next_ns = self._reel.next_time_ns
            if next_ns is None or next_ns > due_ns:
                break
            self._time_ns = max(self._time_ns, next_ns)
            chunks.append(self._encoded(await self._reel.take(due_ns)))
            size += len(chunks[-1])
        await asyncio.sleep(0)
        return b"".join(chunks)

    def _encoded(self, item: Item) -> bytes:
        if isinstance(item, Gap):
            return self._encoder.control(item)
        prefix = self._prefixes.get((item.topic, item.epoch))
        if prefix is None:
            prefix = self._encoder.prefix(item.topic, item.epoch)
            self._prefixes[item.topic, item.epoch] = prefix
        return self._encoder.event(prefix, item.topic.partition("/")[0], item)

    def _heartbeat(self) -> bytes:
        return self._encoder.control(Heartbeat(self._time_ns))
