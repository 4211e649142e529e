"""What the market data area needs of the database; what a source is, source_ports tells."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from quarterdeck_server.marketdata.domain.columns import Bars, Batch, Ints, Quotes, Trades
from quarterdeck_server.marketdata.domain.filing import Company, CompanyFact, Filing, FilingQuery
from quarterdeck_server.marketdata.domain.instrument import Instrument
from quarterdeck_server.marketdata.domain.making import Making
from quarterdeck_server.marketdata.domain.observation import (
    ObservationQuery,
    Observations,
    Series,
)
from quarterdeck_server.marketdata.domain.rollup import BarOrigin
from quarterdeck_server.marketdata.domain.source import Adjustment, SourceRecord


@dataclass(frozen=True, slots=True)
class Sequenced:
    """A published batch with the sequence numbers of its rows, on its way to history."""

    batch: Batch
    epoch: int
    first_sequence: int
    publish_time_ns: int

    @property
    def last_sequence(self) -> int:
        """The sequence number of its last row."""
        return self.first_sequence + len(self.batch) - 1


@dataclass(frozen=True, slots=True)
class Hole:
    """Sequence numbers of a topic whose rows are not in history, and the time they are about."""

    topic: str
    epoch: int
    first_sequence: int
    last_sequence: int
    first_event_time_ns: int
    last_event_time_ns: int

    @classmethod
    def of(cls, item: Sequenced) -> "Hole":
        """Return the hole that a batch leaves."""
        times = item.batch.times
        return cls(
            item.batch.topic,
            item.epoch,
            item.first_sequence,
            item.last_sequence,
            int(times.min()),
            int(times.max()),
        )

    def joined(self, later: "Hole") -> "Hole | None":
        """Return both as one if the other begins where this one ends."""
        if (self.topic, self.epoch, self.last_sequence + 1) != (
            later.topic,
            later.epoch,
            later.first_sequence,
        ):
            return None
        return Hole(
            self.topic,
            self.epoch,
            self.first_sequence,
            later.last_sequence,
            min(self.first_event_time_ns, later.first_event_time_ns),
            max(self.last_event_time_ns, later.last_event_time_ns),
        )


@dataclass(frozen=True, slots=True)
class KnownHole:
    """A hole as it is stored; ``fill_time`` is absent until a backfill covered its time."""

    hole: Hole
    create_time: datetime
    fill_time: datetime | None


@dataclass(frozen=True, slots=True)
class HoleQuery:
    """Holes, newest first, of one topic or all; after a position if there is one."""

    topic: str
    limit: int
    position: tuple[datetime, str, int, int] | None = None


@dataclass(frozen=True, slots=True)
class TickQuery:
    """Rows of one instrument in a half-open range, after a position if there is one."""

    instrument: str
    start_ns: int
    end_ns: int
    limit: int
    newest_first: bool = False
    position: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class BarPosition:
    """Where a page of bars ended, and how its bars were made."""

    close_time_ns: int
    making: Making


@dataclass(frozen=True, slots=True)
class BarQuery:
    """Bars of one instrument and interval in a half-open range, after a position if given."""

    instrument: str
    interval: str
    start_ns: int
    end_ns: int
    limit: int
    newest_first: bool = False
    position: BarPosition | None = None
    origin: BarOrigin | None = None


@dataclass(frozen=True, slots=True)
class BarPage:
    """At most ``limit`` bars, oldest first, what they were made from, and where to go on."""

    bars: Bars
    origin: BarOrigin | None
    end: BarPosition | None


@dataclass(frozen=True, slots=True)
class Stored[T: (Quotes, Trades)]:
    """Rows from history with the epoch and sequence number of each, oldest first."""

    rows: T
    epoch: Ints
    sequence: Ints


class HistoryRefused(Exception):
    """The database will never take these rows, however often they are offered."""


class InstrumentStore(Protocol):
    """Keeps the instruments."""

    async def all(self) -> dict[str, tuple[int, Instrument]]:
        """Return every instrument with its number, by identifier."""
        ...

    async def put(self, instrument: Instrument) -> tuple[int, Instrument]:
        """Create or replace; raises NotPossibleNow if stored prices would change their meaning.

        A sector of ``None`` stays as it was.
        """
        ...

    async def put_sectors(self, sectors: Mapping[str, str]) -> dict[str, tuple[int, Instrument]]:
        """Set the sectors of instruments, and return these."""
        ...

    async def search(self, text: str, limit: int) -> list[str]:
        """Return the identifiers of what contains the text, best match first."""
        ...


class HistoryStore(Protocol):
    """Keeps what was published."""

    async def write(
        self, batches: Sequence[Sequenced], holes: Sequence[Hole], *, again: bool
    ) -> None:
        """Store all or nothing; ``again`` when an earlier attempt may have succeeded."""
        ...

    async def write_bars(self, bars: Sequence[Bars]) -> None:
        """Store bars that were never published; later ones win."""
        ...

    async def quotes(self, query: TickQuery, instrument: Instrument) -> Stored[Quotes]:
        """Return quotes, oldest first."""
        ...

    async def trades(self, query: TickQuery, instrument: Instrument) -> Stored[Trades]:
        """Return trades, oldest first."""
        ...

    async def bars(self, query: BarQuery, instrument: Instrument) -> BarPage:
        """Return a page of complete bars, oldest first."""
        ...

    async def holes(self, query: HoleQuery) -> list[KnownHole]:
        """Return holes, newest first."""
        ...

    async def fill_holes(self, topic: str, start_ns: int, end_ns: int) -> int:
        """Mark the holes of a topic whose event times lie within the half-open range as filled.

        Returns how many rows they had. Holes that reach beyond the range stay.
        """
        ...


type Announce[T] = Callable[[T], Awaitable[None]]
"""Tells readers what is new; what raises is not stored."""


class ObservationStore(Protocol):
    """Keeps series and every vintage of what was observed."""

    async def put(
        self, series: Series, observations: Observations, announce: Announce[Observations]
    ) -> None:
        """Store what is new, and announce it before it counts as stored.

        Of a series that was never read to its end nothing is announced: it is all new.
        """
        ...

    async def finish(self, name: str) -> None:
        """Note that a series was read to its end: what comes from now on is news."""
        ...

    async def stale(self, source: str, before_ns: int) -> Sequence[str]:
        """Return the vendor's identifiers of whole series that were last read before a time."""
        ...

    async def get(self, name: str) -> Series:
        """Return a series. Raises NotFound."""
        ...

    async def list(self, query: str, after: str, limit: int) -> Sequence[Series]:
        """Return series by name that contain a text."""
        ...

    async def observations(self, query: ObservationQuery) -> Observations:
        """Return observations, oldest first. Raises NotFound."""
        ...


class FilingStore(Protocol):
    """Keeps filings and the facts that companies reported."""

    async def put(
        self,
        company: Company,
        filings: Sequence[Filing],
        facts: Sequence[CompanyFact],
        announce: Announce[Sequence[Filing]],
    ) -> None:
        """Store what is new, and announce new filings before they count as stored.

        Of a company that was never read to its end nothing is announced: it is all new.
        """
        ...

    async def finish(self, name: str, now_ns: int) -> None:
        """Note that a company was read to its end: what comes from now on is news."""
        ...

    async def stale(self, source: str, before_ns: int) -> Sequence[str]:
        """Return the regulator's identifiers of whole companies last read before a time."""
        ...

    async def get(self, name: str) -> Filing:
        """Return a filing. Raises NotFound."""
        ...

    async def facts(
        self, company: str, taxonomy: str, concepts: Sequence[str]
    ) -> Sequence[CompanyFact]:
        """Return facts by taxonomy, concept and unit. Raises NotFound, InvalidField if too many."""
        ...

    async def list(self, query: FilingQuery) -> Sequence[Filing]:
        """Return filings, newest first."""
        ...


class SourceStore(Protocol):
    """Keeps what sources do and how far they are."""

    async def get(self, name: str) -> SourceRecord | None:
        """Return what is known of a source."""
        ...

    async def put(self, record: SourceRecord) -> None:
        """Store what is known of a source."""
        ...

    async def adjust(self, adjustments: Sequence[Adjustment]) -> None:
        """Store what was done to raw prices."""
        ...
