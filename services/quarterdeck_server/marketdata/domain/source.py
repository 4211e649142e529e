"""Where market data come from, and what each source is doing."""

import math
from dataclasses import dataclass
from enum import Enum

from quarterdeck_server.kernel.errors import InvalidField, Kind, QuarterdeckError

BUNDLED = "bundled"
MIN_SECONDS_PER_DAY = 0.001
MAX_SECONDS_PER_DAY = 86_400.0


class SourceState(Enum):
    """What a source is doing; values are those of the contract."""

    STOPPED = 1
    RUNNING = 2
    ENDED = 3
    FAILED = 4


class SourceCapability(Enum):
    """What a source can do; values are those of the contract."""

    PUBLISH = 1
    BACKFILL_BARS = 2
    BACKFILL_SERIES = 3
    BACKFILL_FILINGS = 4


class VendorRefused(QuarterdeckError):
    """A vendor refuses whatever it is asked: a wrong key, a plan that does not include it."""

    kind = Kind.PRECONDITION
    reason = "STATE_FORBIDS"

    def __init__(self, source: str, message: str) -> None:
        super().__init__(message, subject=source)
        self.subject = source


class NotOffered(QuarterdeckError):
    """A vendor does not have the one thing that was asked for, or answers it with nonsense."""

    kind = Kind.PRECONDITION
    reason = "STATE_FORBIDS"

    def __init__(self, subject: str, message: str) -> None:
        super().__init__(message, subject=subject)
        self.subject = subject


@dataclass(frozen=True, slots=True)
class Quota:
    """What a vendor allows within a time, and what is left; a next time only if nothing is."""

    window_s: float
    limit: int
    remaining: int
    next_time_ns: int | None = None


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What a live source reads; no interval and no depth mean no bars and no books."""

    instruments: tuple[str, ...]
    quotes: bool = True
    trades: bool = False
    bar_interval: str = ""
    book_depth: int = 0

    def __post_init__(self) -> None:
        if not (self.quotes or self.trades or self.bar_interval or self.book_depth):
            raise InvalidField("live", "must ask for quotes, trades, bars or books")


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How recorded data are played; no start time means where it stopped, else the default."""

    dataset: str = BUNDLED
    seconds_per_day: float = 10.0
    start_time_ns: int | None = None
    derive_quotes: bool = True
    instrument: str = ""

    def __post_init__(self) -> None:
        pace = self.seconds_per_day
        if not (math.isfinite(pace) and MIN_SECONDS_PER_DAY <= pace <= MAX_SECONDS_PER_DAY):
            raise InvalidField(
                "replay.seconds_per_day",
                f"must be from {MIN_SECONDS_PER_DAY} to {MAX_SECONDS_PER_DAY:g}, was {pace}",
            )

    def same_data(self, other: "ReplayOptions") -> bool:
        """Tell whether both play the same rows, at whatever speed."""
        return (self.dataset, self.instrument) == (other.dataset, other.instrument)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Prices before a time were multiplied by a factor: a split; dividing gives the raw ones."""

    instrument: str
    before_ns: int
    factor: float


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source as it is stored; ``event_time_ns`` is the time of its last published row."""

    name: str
    display_name: str
    provenance: str
    state: SourceState = SourceState.STOPPED
    failure: str = ""
    instruments: tuple[str, ...] = ()
    replay: ReplayOptions | None = None
    live: LiveOptions | None = None
    first_time_ns: int | None = None
    event_time_ns: int | None = None
    end_time_ns: int | None = None
    published_rows: int = 0
    last_publish_time_ns: int | None = None
    start_time_ns: int | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether it runs, or should: a failed one is tried again."""
        return self.state in {SourceState.RUNNING, SourceState.FAILED}

    @property
    def progress(self) -> float:
        """The fraction of the event time that has been played."""
        if self.event_time_ns is None or self.first_time_ns is None or self.end_time_ns is None:
            return 0.0
        length = self.end_time_ns - self.first_time_ns
        done = self.event_time_ns - self.first_time_ns
        return min(max(done / length, 0.0), 1.0) if length > 0 else 1.0


@dataclass(frozen=True, slots=True)
class SourceReport:
    """A source as it is shown: what is stored of it, and what it says about itself."""

    record: SourceRecord
    capabilities: tuple[SourceCapability, ...] = ()
    quotas: tuple[Quota, ...] = ()
    missing_setting: str = ""


def start_of(
    options: ReplayOptions, last: SourceRecord, default_ns: int, span: tuple[int, int]
) -> int:
    """Return the event time after which a replay goes on.

    The asked time, else where the same data stopped before their end, else the default if it lies
    within the data, else their beginning.
    """
    first_ns, end_ns = span
    if options.start_time_ns is not None:
        return options.start_time_ns - 1
    if resumes(options, last) and last.event_time_ns is not None:
        return last.event_time_ns
    # The span is of closes: quotes of the first bar come before it.
    return default_ns - 1 if first_ns <= default_ns <= end_ns else 0


def resumes(options: ReplayOptions, last: SourceRecord) -> bool:
    """Tell whether starting goes on where the source stopped."""
    return (
        options.start_time_ns is None
        and last.replay is not None
        and last.replay.same_data(options)
        and last.event_time_ns is not None
        and last.state is not SourceState.ENDED
    )
