"""What a source is to the market data area. Adapters implement these.

A source tells by the protocols it has what it can do: play recorded data, connect and publish, read
the past.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from quarterdeck_server.marketdata.domain.backfill import BarPage, BarRange, FilingPage, SeriesPage
from quarterdeck_server.marketdata.domain.columns import Bars
from quarterdeck_server.marketdata.domain.instrument import Instrument
from quarterdeck_server.marketdata.domain.publication import Publishable
from quarterdeck_server.marketdata.domain.source import (
    Adjustment,
    LiveOptions,
    Quota,
    ReplayOptions,
)


class Publisher(Protocol):
    """Takes what a source has to say."""

    async def publish(self, batches: Sequence[Publishable]) -> None:
        """Check, sequence and publish; raises what is wrong with a batch."""
        ...


class Feed(Protocol):
    """Data of a source that was opened, ready to be published."""

    @property
    def instruments(self) -> Sequence[Instrument]:
        """What it publishes, as it would describe them if nobody else did."""
        ...


class ReplayFeed(Feed, Protocol):
    """Recorded data that were found whole."""

    @property
    def adjustments(self) -> Sequence[Adjustment]:
        """What was done to the raw prices."""
        ...

    @property
    def span(self) -> tuple[int, int]:
        """The event times of the first and the last row."""
        ...

    def bars_until(self, time_ns: int) -> Sequence[Bars]:
        """Return the bars that closed at the time or before, for history."""
        ...

    async def run(
        self, publisher: Publisher, instruments: Mapping[str, Instrument], after_ns: int
    ) -> None:
        """Publish every row after an event time; return when there is none left."""
        ...


class LiveFeed(Feed, Protocol):
    """A connection to a vendor, with everything asked for known to it."""

    async def run(self, publisher: Publisher, instruments: Mapping[str, Instrument]) -> None:
        """Publish until cancelled; raise when it cannot go on, and it is connected again.

        ``instruments`` has them as they are stored: prices and sizes are scaled by these.
        """
        ...

    async def close(self) -> None:
        """Disconnect; called once, also when ``run`` was never called or failed."""
        ...


class Source(Protocol):
    """Where data come from. What else it can do, it tells by the protocols below it has too.

    A source that lacks a setting is listed all the same, says which, and is asked for nothing.
    """

    @property
    def name(self) -> str:
        """The name, "sources/{source}"."""
        ...

    @property
    def display_name(self) -> str:
        """What people read."""
        ...

    @property
    def provenance(self) -> str:
        """Where the data come from, with their licence."""
        ...

    @property
    def missing_setting(self) -> str:
        """What is missing before it can be used; empty if nothing is."""
        ...

    def quotas(self) -> Sequence[Quota]:
        """Return what the vendor allows, and what is left of it now."""
        ...


@runtime_checkable
class ReplaySource(Source, Protocol):
    """Something that plays recorded data."""

    @property
    def default_options(self) -> ReplayOptions:
        """How it plays when nobody said."""
        ...

    @property
    def default_start_ns(self) -> int:
        """The event time it begins with when nobody said."""
        ...

    @property
    def autostart(self) -> bool:
        """Whether it starts by itself if it never was started."""
        ...

    async def open(self, options: ReplayOptions) -> ReplayFeed:
        """Read and check the data; raises an error that names what is wrong, and where."""
        ...


@runtime_checkable
class LiveSource(Source, Protocol):
    """A vendor that is connected to and then publishes by itself."""

    async def connect(self, options: LiveOptions) -> LiveFeed:
        """Connect and find every instrument.

        Raises Unavailable when the vendor is not reachable, and InvalidField naming
        ``live.instruments[i]`` for what it does not know.
        """
        ...


@runtime_checkable
class BarBackfill(Source, Protocol):
    """A vendor that has bars of the past."""

    def check_bars(self, instrument: Instrument, interval: str) -> None:
        """Raise NotOffered if it never has such bars; no request is made for it."""
        ...

    def bar_pages(self, wanted: BarRange, after: str) -> AsyncIterator[BarPage]:
        """Read a range in pages, from a position on that an earlier page told; empty: all.

        Raises Unavailable or Exhausted for what may pass, NotOffered for this one, VendorRefused
        when nothing else will be answered either.
        """
        ...


@runtime_checkable
class SeriesBackfill(Source, Protocol):
    """A vendor that has statistical series."""

    def series_pages(self, series: str, *, vintages: bool, after: str) -> AsyncIterator[SeriesPage]:
        """Read a series in pages, oldest vintages first; fails as ``bar_pages`` does."""
        ...


@runtime_checkable
class FilingBackfill(Source, Protocol):
    """A regulator that has filings of companies, and what they reported."""

    def filing_pages(
        self, company: str, *, forms: Sequence[str], facts: bool, after: str
    ) -> AsyncIterator[FilingPage]:
        """Read what a company filed, in pages; fails as ``bar_pages`` does."""
        ...


class QuotaStore(Protocol):
    """Remembers when vendors were asked, over restarts."""

    async def used(self, source: str, since_ns: int) -> Sequence[int]:
        """Return the times of requests since a time, oldest first."""
        ...

    async def use(self, source: str, time_ns: int, since_ns: int) -> None:
        """Count a request, before it is sent, and forget those before a time."""
        ...
