"""When each stream may have its next frame, so that a busy worker is never beyond its limit.

A frame costs the same whatever is in it. A worker that writes as often as it can is busy to the
last microsecond, and whoever waits for it waits in a queue. So under load each reader has a turn
once a round. A round is as long as all the readers' frames take and a tenth more, and frames are
larger.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from quarterdeck_server.runtime.clock import Clock

WINDOW_S = 0.25
BUSY = 0.8
"""Below this share of a processor there are no turns: each frame goes out at once."""
SPARE = 1.1
MOST_S = 0.0001
"""A turn is no longer than this: when the bus takes all of the processor, readers still read."""
TICK_S = 0.001


class Pace:
    """Counts what frames cost, and wakes the streams whose turn it is."""

    def __init__(self, clock: Clock, processor_s: Callable[[], float] = time.process_time) -> None:
        self._clock, self._processor_s = clock, processor_s
        self._round_s = 0.0
        self._since = self._used_s = 0.0
        self._frames = self._readers = 0
        self._resting: deque[tuple[float, Callable[[], None]]] = deque()

    def next_turn(self, before: float, now: float) -> float:
        """Count a frame of a reader that had one ``before``; return when it may have the next."""
        if now - self._since >= WINDOW_S:
            self._begin_window(now)
        self._frames += 1
        self._readers += before < self._since
        return now + self._round_s

    def rest(self, until: float, wake: Callable[[], None]) -> None:
        """Wake a stream at a time; rounds are alike, so who comes first is woken first."""
        if not self._resting:
            asyncio.get_running_loop().call_later(TICK_S, self._tick)
        self._resting.append((until, wake))

    def _begin_window(self, now: float) -> None:
        used_s = self._processor_s()
        spent_s, took_s = used_s - self._used_s, now - self._since
        is_busy = self._frames and spent_s > BUSY * took_s
        each_s = min(SPARE * spent_s / self._frames, MOST_S) if is_busy else 0.0
        self._round_s = self._readers * each_s
        self._since, self._used_s = now, used_s
        self._frames = self._readers = 0

    def _tick(self) -> None:
        now, resting = self._clock.monotonic(), self._resting
        while resting and resting[0][0] <= now:
            resting.popleft()[1]()
        if resting:
            asyncio.get_running_loop().call_later(TICK_S, self._tick)
