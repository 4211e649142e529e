"""How often a principal may open streams: who reconnects in a loop is told to wait."""

from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.stream import metrics
from quarterdeck_server.stream.domain import LimitExceeded

MINUTE_S = 60.0
FORGET_ABOVE = 10_000
"""Principals remembered before those with a full allowance are forgotten."""


class Openings:
    """A bucket for each principal: full at the limit, refilled evenly over a minute."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._limit, self._clock = per_minute, clock
        self._used: dict[str, tuple[float, float]] = {}
        """How much of the allowance is used, and when that was so."""

    def enter(self, principal: str) -> None:
        """Count an opening. Raises LimitExceeded, which says when to come back."""
        used = self._used_now(principal)
        if used + 1 > self._limit:
            metrics.REFUSED_OPENINGS.inc()
            wait_s = (used + 1 - self._limit) * MINUTE_S / self._limit
            raise LimitExceeded("streams opened within a minute", self._limit, retry_after_s=wait_s)
        self._used[principal] = (used + 1, self._clock.monotonic())
        if len(self._used) > FORGET_ABOVE:
            self._forget()

    def _used_now(self, principal: str) -> float:
        used, since = self._used.get(principal, (0.0, 0.0))
        passed_s = self._clock.monotonic() - since
        return max(0.0, used - passed_s * self._limit / MINUTE_S)

    def _forget(self) -> None:
        self._used = {name: one for name, one in self._used.items() if self._used_now(name) > 0}
