"""What a backfill asks of a source, what the source answers, and how far it has come."""

from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.columns import Bars
from quarterdeck_server.marketdata.domain.filing import Company, CompanyFact, Filing
from quarterdeck_server.marketdata.domain.instrument import Instrument
from quarterdeck_server.marketdata.domain.observation import Observations, Series
from quarterdeck_server.marketdata.domain.source import SourceCapability


@dataclass(frozen=True, slots=True)
class BarRange:
    """Bars that close in a half-open range of event time."""

    instrument: Instrument
    interval: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class BarPage:
    """Bars, oldest first, and the half-open range of event time that is known with them.

    ``position`` lets a later call go on after this page, in whatever direction the source reads;
    ``fraction`` is how much of the whole range is done.
    """

    bars: Bars
    start_ns: int
    end_ns: int
    position: str
    fraction: float


@dataclass(frozen=True, slots=True)
class SeriesPage:
    """A series with some of its observations, and where to go on."""

    series: Series
    observations: Observations
    position: str
    fraction: float


@dataclass(frozen=True, slots=True)
class FilingPage:
    """A company with some of what it filed and reported, and where to go on."""

    company: Company
    filings: Sequence[Filing]
    facts: Sequence[CompanyFact]
    position: str
    fraction: float


@dataclass(frozen=True, slots=True)
class BarWish:
    """Bars that somebody wants in history; from 0 on is as far back as the source goes.

    No end means the time at which the reading begins.
    """

    instruments: tuple[str, ...]
    interval: str
    start_ns: int = 0
    end_ns: int | None = None

    def __post_init__(self) -> None:
        if self.end_ns is not None and self.end_ns <= self.start_ns:
            raise InvalidField("bars.end_time", "must be after bars.start_time")

    @property
    def capability(self) -> SourceCapability:
        """What a source must be able to do for it."""
        return SourceCapability.BACKFILL_BARS

    @property
    def subjects(self) -> tuple[str, ...]:
        """What is read, one after the other."""
        return self.instruments


@dataclass(frozen=True, slots=True)
class SeriesWish:
    """Series that somebody wants, with every vintage or with the newest values."""

    series: tuple[str, ...]
    vintages: bool

    @property
    def capability(self) -> SourceCapability:
        """What a source must be able to do for it."""
        return SourceCapability.BACKFILL_SERIES

    @property
    def subjects(self) -> tuple[str, ...]:
        """What is read, one after the other."""
        return self.series


@dataclass(frozen=True, slots=True)
class FilingWish:
    """Companies whose filings somebody wants, of some forms or all, with facts or without."""

    companies: tuple[str, ...]
    forms: tuple[str, ...]
    facts: bool

    @property
    def capability(self) -> SourceCapability:
        """What a source must be able to do for it."""
        return SourceCapability.BACKFILL_FILINGS

    @property
    def subjects(self) -> tuple[str, ...]:
        """What is read, one after the other."""
        return self.companies


type Wish = BarWish | SeriesWish | FilingWish


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a backfill has come: subjects done, the position in the next, what failed."""

    begin_ns: int
    done: int = 0
    position: str = ""
    rows: int = 0
    failures: tuple[str, ...] = ()
