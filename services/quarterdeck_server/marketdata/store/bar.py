"""Bars of any interval: recorded ones, or made of smaller bars, rollups and ticks."""

from dataclasses import dataclass
from datetime import timedelta

from quarterdeck_server.kernel.time import NS, parse_interval
from quarterdeck_server.marketdata.domain.columns import Bars
from quarterdeck_server.marketdata.domain.instrument import Instrument
from quarterdeck_server.marketdata.domain.making import Making, Span, makings
from quarterdeck_server.marketdata.domain.rollup import BarOrigin
from quarterdeck_server.marketdata.ports import BarPage, BarPosition, BarQuery
from quarterdeck_server.marketdata.store import bar_statements as sql
from quarterdeck_server.marketdata.store.reading import stored_bars
from quarterdeck_server.runtime.postgres import Postgres


@dataclass(frozen=True, slots=True)
class BarReader:
    """Reads bars of one instrument, whose number in the tables is given.

    A bar is complete when something later is known, or when its time is over and nothing came for
    the time to ``settle``.
    """

    postgres: Postgres
    instrument: Instrument
    number: int
    settle: timedelta

    async def read(self, query: BarQuery) -> BarPage:
        """Return a page of bars, oldest first."""
        making = await self._making(query)
        if making is None:
            return BarPage(_empty(query), None, None)
        if making.origin is BarOrigin.RECORDED:
            return await self._recorded(query, making)
        span = _span(query).until(await self._complete_through(making))
        if query.position is not None:
            close_ns = query.position.close_time_ns
            span = span.beyond(close_ns, newest_first=query.newest_first)
        if span.is_empty:
            return BarPage(_empty(query), making.origin, None)
        if making.is_of_ticks:
            return await self._of_ticks(query, making, span)
        return await self._of_pieces(query, making, span)

    async def _making(self, query: BarQuery) -> Making | None:
        """Return the first way of making the bars that gives any; a page goes on as the first."""
        if query.position is not None:
            return query.position.making
        recorded = await self.postgres.fetchval(sql.RECORDED_INTERVALS, self.number)
        length_s = parse_interval(query.interval) // NS
        for making in makings(length_s, recorded or (), query.origin):
            if await self._has_any(query, making):
                return making
        return None

    async def _has_any(self, query: BarQuery, making: Making) -> bool:
        if making.origin is BarOrigin.RECORDED:
            start_ns, end_ns = query.start_ns, query.end_ns
        else:
            span = _span(query).until(await self._complete_through(making))
            if span.is_empty:
                return False
            start_ns, end_ns = span.start_ns + 1, span.last_close_ns + 1
        found = await self.postgres.fetchval(*sql.any_of(making, self.number, start_ns, end_ns))
        return bool(found)

    async def _complete_through(self, making: Making) -> int:
        """Return up to which time bars are complete."""
        row = await self.postgres.fetchrow(*sql.newest(making, self.number, self.settle))
        if row is None:
            return 0
        now_ns = int(row["now_ns"])
        return now_ns if row["settled"] else min(int(row["time_ns"]), now_ns)

    async def _recorded(self, query: BarQuery, making: Making) -> BarPage:
        row = await self.postgres.fetchrow(*sql.recorded(query, making, self.number))
        return _page(query, making, stored_bars(row, query))

    async def _of_pieces(self, query: BarQuery, making: Making, span: Span) -> BarPage:
        row = await self.postgres.fetchrow(*sql.of_pieces(query, making, span, self.number))
        return _page(query, making, self._scaled(making, stored_bars(row, query)))

    async def _of_ticks(self, query: BarQuery, making: Making, span: Span) -> BarPage:
        """Read the ticks of as many bars as a page may have: a page may have fewer, or none."""
        edge_ns = await self.postgres.fetchval(*sql.edge(query, making, span, self.number))
        if edge_ns is None:
            return BarPage(_empty(query), making.origin, None)
        window = _window(query, span, edge_ns)
        row = await self.postgres.fetchrow(*sql.of_ticks(making, window, self.number))
        bars = self._scaled(making, stored_bars(row, query))
        end = window.first_close_ns if query.newest_first else window.last_close_ns
        more = not span.beyond(end, newest_first=query.newest_first).is_empty
        return BarPage(bars, making.origin, BarPosition(end, making) if more else None)

    def _scaled(self, making: Making, bars: Bars) -> Bars:
        """Return prices and volumes as numbers: ticks are kept as scaled integers."""
        if making.interval:
            return bars
        price, volume = 10.0**self.instrument.price_precision, 10.0**self.instrument.size_precision
        return Bars(
            bars.instrument,
            bars.interval,
            bars.close_time_ns,
            open=bars.open / price,
            high=bars.high / price,
            low=bars.low / price,
            close=bars.close / price,
            volume=bars.volume / volume,
        )


def _span(query: BarQuery) -> Span:
    return Span.of(parse_interval(query.interval), query.start_ns, query.end_ns)


def _window(query: BarQuery, span: Span, edge_ns: int) -> Span:
    """Return the bars of a page, beginning with that of the first tick there is."""
    length = span.length_ns
    close = (edge_ns // length + 1) * length
    reach = (query.limit - 1) * length
    if query.newest_first:
        return Span(length, max(close - reach, span.first_close_ns), close)
    return Span(length, close, min(close + reach, span.last_close_ns))


def _page(query: BarQuery, making: Making, bars: Bars) -> BarPage:
    """Cut the bar that was read too much: that there is one tells of another page."""
    surplus = len(bars) - query.limit
    if surplus <= 0:
        return BarPage(bars, making.origin, None)
    part = slice(surplus, None) if query.newest_first else slice(0, query.limit)
    kept = bars.rows(part)
    last = kept.close_time_ns[0 if query.newest_first else -1]
    return BarPage(kept, making.origin, BarPosition(int(last), making))


def _empty(query: BarQuery) -> Bars:
    return stored_bars(None, query)
