"""Where a backfill puts what it reads: bars, series, filings."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Protocol

from quarterdeck_server.kernel.topics import topic
from quarterdeck_server.marketdata.domain import faults
from quarterdeck_server.marketdata.domain.backfill import (
    BarPage,
    BarRange,
    BarWish,
    FilingPage,
    FilingWish,
    SeriesPage,
    SeriesWish,
)
from quarterdeck_server.marketdata.domain.filing import Filing
from quarterdeck_server.marketdata.domain.observation import Observations
from quarterdeck_server.marketdata.instruments import Instruments
from quarterdeck_server.marketdata.mapping.filing import filing_to
from quarterdeck_server.marketdata.mapping.observation import observations_to
from quarterdeck_server.marketdata.outlet import Outlet, Parcel
from quarterdeck_server.marketdata.ports import FilingStore, HistoryStore, ObservationStore
from quarterdeck_server.marketdata.source_ports import BarBackfill, FilingBackfill, SeriesBackfill
from quarterdeck_server.runtime.clock import Clock

NEWS_ROWS = 1_000


class Page(Protocol):
    """A piece of what is read."""

    @property
    def position(self) -> str:
        """Where to go on after it."""
        ...

    @property
    def fraction(self) -> float:
        """How much of the subject is done with it."""
        ...


class Shelf[P: Page](Protocol):
    """Reads one subject after the other, and keeps what came."""

    def pages(self, subject: str, after: str) -> AsyncIterator[P]:
        """Read a subject from a position on."""
        ...

    async def keep(self, page: P) -> int:
        """Store a page, once or again; return its rows."""
        ...

    async def finish(self, subject: str) -> None:
        """Note that a subject was read to its end."""
        ...


class BarShelf:
    """Puts bars into history, and fills the holes whose time they cover."""

    def __init__(
        self,
        source: BarBackfill,
        wish: BarWish,
        end_ns: int,
        instruments: Instruments,
        history: HistoryStore,
        clock: Clock,
    ) -> None:
        self._source, self._wish, self._end_ns = source, wish, end_ns
        self._instruments, self._history, self._clock = instruments, history, clock

    def pages(self, subject: str, after: str) -> AsyncIterator[BarPage]:
        """Read the bars of an instrument."""
        wish, instrument = self._wish, self._instruments.find(subject)
        wanted = BarRange(instrument, wish.interval, wish.start_ns, self._end_ns)
        return self._source.bar_pages(wanted, after)

    async def keep(self, page: BarPage) -> int:
        """Store bars; those that were there are replaced. A page with a bad bar is refused."""
        bars = page.bars
        if len(bars):
            instrument = self._instruments.find(bars.instrument)
            faults.check(bars, instrument, self._clock.now_ns(), "bars")
            await self._history.write_bars([bars])
        name = topic("bars", self._wish.interval, bars.instrument)
        await self._history.fill_holes(name, page.start_ns, page.end_ns)
        return len(bars)

    async def finish(self, subject: str) -> None:
        """Note nothing: bars that are there are there."""


class SeriesShelf:
    """Stores series, and publishes what is new of those that were known."""

    def __init__(
        self,
        source: SeriesBackfill,
        wish: SeriesWish,
        store: ObservationStore,
        outlet: Outlet,
        clock: Clock,
    ) -> None:
        self._source, self._wish, self._store = source, wish, store
        self._outlet, self._clock = outlet, clock
        self._name = ""

    def pages(self, subject: str, after: str) -> AsyncIterator[SeriesPage]:
        """Read a series."""
        return self._source.series_pages(subject, vintages=self._wish.vintages, after=after)

    async def keep(self, page: SeriesPage) -> int:
        """Store observations; those that were known change nothing."""
        self._name = page.series.name
        series = replace(page.series, update_time_ns=self._clock.now_ns())

        async def announce(new: Observations) -> None:
            parts = (new.rows(slice(n, n + NEWS_ROWS)) for n in range(0, len(new), NEWS_ROWS))
            await self._outlet.send(
                [
                    Parcel(series.topic, len(part), observations_to(part).SerializeToString())
                    for part in parts
                ]
            )

        await self._store.put(series, page.observations, announce)
        return len(page.observations)

    async def finish(self, subject: str) -> None:  # noqa: ARG002 - its source may write it otherwise
        """Note that the series is whole."""
        await self._store.finish(self._name)


class FilingShelf:
    """Stores filings and facts, and publishes new filings of companies that were known."""

    def __init__(
        self,
        source: FilingBackfill,
        wish: FilingWish,
        store: FilingStore,
        outlet: Outlet,
        clock: Clock,
    ) -> None:
        self._source, self._wish, self._store = source, wish, store
        self._outlet, self._clock = outlet, clock
        self._name = ""

    def pages(self, subject: str, after: str) -> AsyncIterator[FilingPage]:
        """Read what a company filed."""
        wish = self._wish
        return self._source.filing_pages(subject, forms=wish.forms, facts=wish.facts, after=after)

    async def keep(self, page: FilingPage) -> int:
        """Store filings and facts; those that were there are replaced."""
        company = page.company
        self._name = company.name

        async def announce(new: Sequence[Filing]) -> None:
            told = (replace(filing, instruments=company.instruments) for filing in new)
            await self._outlet.send(
                [Parcel(company.topic, 1, filing_to(filing).SerializeToString()) for filing in told]
            )

        await self._store.put(company, page.filings, page.facts, announce)
        return len(page.filings) + sum(map(len, page.facts))

    async def finish(self, subject: str) -> None:  # noqa: ARG002 - its source may write it otherwise
        """Note that the company is whole, if all its forms were read."""
        if not self._wish.forms:
            await self._store.finish(self._name, self._clock.now_ns())
