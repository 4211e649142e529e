"""How long to wait before a crashed part is started again."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays that double with every failure in a row up to a cap, spread by a random share."""

    first: timedelta = timedelta(milliseconds=200)
    cap: timedelta = timedelta(seconds=10)
    healthy_after: timedelta = timedelta(seconds=60)
    """A run at least this long makes the failures before it forgotten."""

    def delay(self, failures: int, share: float) -> timedelta:
        """Wait after the n-th failure in a row; the share, in [0, 1), spreads over the upper half.

        Never above the cap, never below half of the step: parts that fell together do not
        come back together, and none comes back at once.
        """
        steps = min(max(failures, 1) - 1, 32)
        step = min(self.cap, self.first * (1 << steps))
        return step * (0.5 + share / 2)

    def failures_after(self, failures: int, lived: timedelta) -> int:
        """Count one more failure, or the first one after a long healthy run."""
        return 1 if lived >= self.healthy_after else failures + 1
