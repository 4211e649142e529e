"""When to try again, and after how long."""

import random
from dataclasses import dataclass, field

from quarterdeck.errors import (
    DeadlineExceeded,
    NotAuthenticated,
    QuarterdeckError,
    RateLimited,
    ServerError,
    Unavailable,
)

FIRST_DELAY = 0.05
MAX_DELAY = 5.0
MAX_EXPONENT = 10
# Ends that connecting again cannot change, although the class of the error would allow it.
FINAL_REASONS = frozenset({"SESSION_CLOSED", "MESSAGE_TOO_LARGE"})
JITTER = random.SystemRandom()


@dataclass(slots=True)
class Backoff:
    """Delays in seconds that double up to a limit, each shortened by up to a half by chance."""

    first: float = FIRST_DELAY
    limit: float = MAX_DELAY
    attempts: int = field(default=0, init=False)

    def next(self, at_least: float | None = None) -> float:
        """Count an attempt and tell how long to wait before the next."""
        delay = min(self.limit, self.first * 2.0 ** min(self.attempts, MAX_EXPONENT))
        self.attempts += 1
        return max(at_least or 0.0, delay * JITTER.uniform(0.5, 1.0))

    def reset(self) -> None:
        """Start over after a success."""
        self.attempts = 0


def worth_repeating(error: QuarterdeckError) -> bool:
    """Tell whether a call that is safe to repeat may succeed when it is."""
    if isinstance(error, DeadlineExceeded):
        return False
    if isinstance(error, RateLimited):
        return error.retry_after is not None
    return isinstance(error, Unavailable)


def wants_new_token(error: QuarterdeckError) -> bool:
    """Tell whether the call was refused for its token alone, so that another may be accepted."""
    return isinstance(error, NotAuthenticated) and error.reason != "CREDENTIALS_INVALID"


def worth_resuming(error: QuarterdeckError, *, opened: bool) -> bool:
    """Tell whether a stream that ended so goes on after connecting again.

    ``opened`` says whether a session was ever open: a limit on streams may count the one that was
    just lost, but says no to a first one, unless it says when to come back. A fault of the server
    ends a stream when a replica dies.
    """
    if error.reason in FINAL_REASONS:
        return False
    if isinstance(error, RateLimited):
        return opened or error.reason == "READER_TOO_SLOW" or error.retry_after is not None
    return isinstance(error, Unavailable) or (opened and isinstance(error, ServerError))
