"""How often the past may be asked for: so many requests within a time that moves along."""

from collections import deque

from quarterdeck_server.kernel.errors import Exhausted
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.marketdata.domain.source import Quota
from quarterdeck_server.runtime.clock import Clock

LIMIT = 60
WINDOW_S = 600.0


class Pacing:
    """Counts requests; forgets them with the process, and then believes the vendor's answer."""

    def __init__(
        self, subject: str, clock: Clock, limit: int = LIMIT, window_s: float = WINDOW_S
    ) -> None:
        self._subject, self._clock, self._limit, self._window_s = subject, clock, limit, window_s
        self._times: deque[float] = deque()

    def take(self) -> None:
        """Count a request. Raises Exhausted, saying when the next is allowed."""
        if self._remaining() == 0:
            raise self.exhausted("the requests for the past are used up")
        self._times.append(self._clock.monotonic())

    def block(self) -> None:
        """Allow none for a while: the vendor counted more than we did."""
        now_s = self._clock.monotonic()
        self._times = deque([now_s] * self._limit)

    def exhausted(self, text: str) -> Exhausted:
        """Return the error that says when to come back."""
        return Exhausted(self._subject, text, self._wait_s())

    def quota(self) -> Quota:
        """Return what is left."""
        remaining = self._remaining()
        wait_ns = int(self._wait_s() * NS)
        next_time_ns = None if remaining else self._clock.now_ns() + wait_ns
        return Quota(self._window_s, self._limit, remaining, next_time_ns)

    def _remaining(self) -> int:
        oldest = self._clock.monotonic() - self._window_s
        while self._times and self._times[0] <= oldest:
            self._times.popleft()
        return self._limit - len(self._times)

    def _wait_s(self) -> float:
        if not self._times:
            return 0.0
        return max(self._times[0] + self._window_s - self._clock.monotonic(), 0.0)
