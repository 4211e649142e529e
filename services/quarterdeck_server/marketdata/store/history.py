"""What was published: written by COPY, read in columns."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

import asyncpg

from quarterdeck_server.kernel.time import datetime_from_ns
from quarterdeck_server.marketdata.domain.columns import Bars, Quotes, Trades
from quarterdeck_server.marketdata.domain.instrument import Instrument
from quarterdeck_server.marketdata.ports import (
    BarPage,
    BarQuery,
    HistoryRefused,
    Hole,
    HoleQuery,
    KnownHole,
    Sequenced,
    Stored,
    TickQuery,
)
from quarterdeck_server.marketdata.store import reading, rows
from quarterdeck_server.marketdata.store.bar import BarReader
from quarterdeck_server.marketdata.store.hole import fill_holes, list_holes, put_holes
from quarterdeck_server.marketdata.store.rollup import merge_rollups
from quarterdeck_server.marketdata.store.tick import put_ticks
from quarterdeck_server.runtime.postgres import Connection, Postgres

SETTLE = timedelta(minutes=1)
PUT_BARS = """
INSERT INTO marketdata.bar
  (instrument_id, bar_interval, close_time_ns, open, high, low, close, volume)
SELECT DISTINCT ON (instrument_id, bar_interval, close_time_ns)
  instrument_id, bar_interval, close_time_ns, open, high, low, close, volume
FROM unnest($1::int[], $2::text[], $3::bigint[], $4::float8[], $5::float8[], $6::float8[],
            $7::float8[], $8::float8[])
  WITH ORDINALITY AS incoming (instrument_id, bar_interval, close_time_ns,
                               open, high, low, close, volume, place)
ORDER BY instrument_id, bar_interval, close_time_ns, place DESC
ON CONFLICT (instrument_id, bar_interval, close_time_ns) DO UPDATE SET
  open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
  volume = excluded.volume, change_time = clock_timestamp()"""


class PostgresHistoryStore:
    """Keeps ticks in partitions by publish time, and bars in one table."""

    def __init__(
        self, postgres: Postgres, number: Callable[[str], int], settle: timedelta = SETTLE
    ) -> None:
        self._postgres, self._number, self._settle = postgres, number, settle
        self._days: set[date] = set()

    async def write(
        self, batches: Sequence[Sequenced], holes: Sequence[Hole], *, again: bool
    ) -> None:
        """Store all or nothing; ``again`` when an earlier attempt may have succeeded."""
        await self._ensure_partitions(batches)
        try:
            async with self._postgres.transaction() as connection:
                fresh = await put_ticks(connection, batches, self._number, again=again)
                await merge_rollups(connection, fresh, self._number)
                await self._put_bars(
                    connection, [i.batch for i in batches if isinstance(i.batch, Bars)]
                )
                await put_holes(connection, holes)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            raise HistoryRefused(str(error)) from error

    async def write_bars(self, bars: Sequence[Bars]) -> None:
        """Store bars that were never published; later ones win."""
        async with self._postgres.transaction() as connection:
            await self._put_bars(connection, bars)

    async def quotes(self, query: TickQuery, instrument: Instrument) -> Stored[Quotes]:
        """Return quotes, oldest first."""
        sql, values = reading.quotes(query, self._number(query.instrument))
        return reading.stored_quotes(await self._postgres.fetchrow(sql, *values), instrument)

    async def trades(self, query: TickQuery, instrument: Instrument) -> Stored[Trades]:
        """Return trades, oldest first."""
        sql, values = reading.trades(query, self._number(query.instrument))
        return reading.stored_trades(await self._postgres.fetchrow(sql, *values), instrument)

    async def bars(self, query: BarQuery, instrument: Instrument) -> BarPage:
        """Return a page of complete bars, oldest first."""
        number = self._number(query.instrument)
        return await BarReader(self._postgres, instrument, number, self._settle).read(query)

    async def holes(self, query: HoleQuery) -> list[KnownHole]:
        """Return holes, newest first."""
        return await list_holes(self._postgres, query)

    async def fill_holes(self, topic: str, start_ns: int, end_ns: int) -> int:
        """Mark the holes within the half-open range of event times as filled."""
        return await fill_holes(self._postgres, topic, start_ns, end_ns)

    async def _put_bars(self, connection: Connection, bars: Sequence[Bars]) -> None:
        if bars:
            numbers = [self._number(batch.instrument) for batch in bars]
            await connection.execute(PUT_BARS, *rows.bar_columns(bars, numbers))

    async def _ensure_partitions(self, batches: Iterable[Sequenced]) -> None:
        """Make partitions for days not seen before; a row outside of every one is refused."""
        moments = {datetime_from_ns(item.publish_time_ns) for item in batches}
        for moment in moments:
            if moment.date() not in self._days:
                await self._postgres.execute(
                    """SELECT series.ensure_range(rel, $1, $1)
                       FROM unnest('{marketdata.quote,marketdata.trade}'::regclass[]) rel""",
                    moment,
                )
                self._days.add(moment.date())
