"""Where a backfill puts what it reads: bars, series, filings."""

from collections.abc import AsyncIterator
from typing import Protocol

from quarterdeck_server.kernel.topics import topic
from quarterdeck_server.marketdata.domain import faults
from quarterdeck_server.marketdata.domain.backfill import BarPage, BarRange, BarWish
from quarterdeck_server.marketdata.instruments import Instruments
from quarterdeck_server.marketdata.ports import HistoryStore
from quarterdeck_server.marketdata.source_ports import BarBackfill
from quarterdeck_server.runtime.clock import Clock


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
