"""How failed sign-ins slow down further ones."""

from dataclasses import dataclass

from quarterdeck_server.kernel.errors import Exhausted
from quarterdeck_server.kernel.time import NS

FREE_FAILURES = 5
FIRST_PAUSE_S = 2
LONGEST_PAUSE_S = 300
FORGET_AFTER_S = 3600
"""An hour without a failure, and the count starts anew."""


@dataclass(frozen=True, slots=True)
class Failures:
    """The failed sign-ins of one principal since its last success."""

    count: int
    last_time_ns: int


class TooManyFailures(Exhausted):
    """The principal must wait before the next attempt."""

    def __init__(self, retry_after_s: float) -> None:
        subject = "failed sign-ins per principal"
        super().__init__(
            subject, "too many failed sign-ins", retry_after_s, limit=str(FREE_FAILURES)
        )


def pause_s(count: int) -> int:
    """Return how long to wait after so many failures: doubling, and bounded.

    The bound keeps somebody who knows only a name from locking its owner out for long.
    """
    if count < FREE_FAILURES:
        return 0
    exponent = min(count - FREE_FAILURES, LONGEST_PAUSE_S.bit_length())
    return min(FIRST_PAUSE_S << exponent, LONGEST_PAUSE_S)


def check_may_try(failures: Failures | None, now_ns: int) -> None:
    """Refuse an attempt that comes too early after the failures before it."""
    if failures is None:
        return
    wait_ns = failures.last_time_ns + pause_s(failures.count) * NS - now_ns
    if wait_ns > 0:
        raise TooManyFailures(wait_ns / NS)
