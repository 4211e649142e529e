"""The words of a stream: subscriptions, cursors, what a stream says about itself, why it ends."""

from dataclasses import dataclass
from enum import Enum

from quarterdeck_server.kernel.errors import (
    Exhausted,
    InvalidField,
    QuarterdeckError,
    Unavailable,
)

DURABLE = frozenset({"orders", "fills", "positions", "accounts"})
"""Kinds whose every event is stored by its owner and can be read again."""

SCOPED = frozenset({"orders", "fills", "positions", "accounts", "pnl", "performance"})
"""Kinds whose key is an account, or an account and a strategy."""

COMMISSIONED = {"performance": "pnl"}
"""Kinds whose events are made while somebody reads them, and the kind whose topics they follow."""

UNDIVIDED = frozenset({"nodes"})
"""Kinds whose events tell of several accounts at once: only for who may see every account."""

TICKING = frozenset({"quotes", "trades", "bars", "books", "deltas"})
"""Kinds that come steadily while their source lives and their instrument trades."""

LATEST_BY_DEFAULT = frozenset({"quotes", "trades", "bars", "books"})
"""Kinds of which a slow reader wants the newest event alone, if it does not say."""


class Delivery(Enum):
    """What happens to events that a slow reader cannot take in time."""

    ALL = 1
    LATEST = 2


class GapCause(Enum):
    """Why events are lost to a reader."""

    CURSOR_TOO_OLD = 1
    EPOCH_CHANGED = 2
    BUS_LOSS = 3


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic or pattern, how its events are delivered, and what a pattern is not to name."""

    topic: str
    delivery: Delivery
    max_rate: float = 0.0
    exclude: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a topic: everything up to it was seen."""

    topic: str
    epoch: int
    sequence: int


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """The stream is open."""

    session: str
    resume_window_s: float
    heartbeat_interval_s: float
    streams: int
    subscriptions: int
    opens_per_minute: int


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A topic is subscribed to, or appeared under a prefix that is."""

    topic: str
    delivery: Delivery
    head: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """A topic is no longer subscribed to."""

    topic: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The stream lives, and how far it has come."""

    time_ns: int
    cursors: tuple[Cursor, ...] = ()


@dataclass(frozen=True, slots=True)
class Stale:
    """A topic's source went silent."""

    topic: str
    silent_ns: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Recovered:
    """A stale topic has events again."""

    topic: str
    silent_ns: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Events of a topic are lost to the reader; 0 to 0 if nobody knows which."""

    topic: str
    epoch: int
    first: int
    last: int
    cause: GapCause


@dataclass(frozen=True, slots=True)
class Skipped:
    """Events of a topic were left out since the reader was slow, or asked for fewer."""

    topic: str
    count: int
    last: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The stream ends, and why."""

    error: QuarterdeckError
    resumable: bool


type Control = (
    SessionOpened
    | Subscribed
    | Unsubscribed
    | Heartbeat
    | Stale
    | Recovered
    | Gap
    | Skipped
    | Ended
)


class CursorInvalid(InvalidField):
    """A cursor that cannot be resumed from."""

    reason = "CURSOR_INVALID"


class LimitExceeded(Exhausted):
    """A principal has as much of something as it may; ``field`` is where it asks for more."""

    def __init__(
        self, subject: str, limit: int, *, field: str = "", retry_after_s: float | None = None
    ) -> None:
        text = f"{subject} are limited to {limit}"
        super().__init__(subject, f"{field}: {text}" if field else text, retry_after_s)
        self.metadata = {"subject": subject, "limit": str(limit)}


class SessionClosed(Unavailable):
    """An operator closed the stream."""

    reason = "SESSION_CLOSED"

    def __init__(self, note: str) -> None:
        text = "an operator closed the stream"
        super().__init__(f"{text}: {note}" if note else text, note=note)
