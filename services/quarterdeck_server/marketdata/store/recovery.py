"""What history lacks of what an earlier process published."""

from collections.abc import Callable, Sequence

from quarterdeck_server.marketdata.domain.columns import Bars, Trades
from quarterdeck_server.marketdata.ports import HistoryStore, Sequenced
from quarterdeck_server.marketdata.store import rows
from quarterdeck_server.runtime.postgres import Postgres

HAS_TICK = """
SELECT EXISTS (SELECT FROM marketdata.{table}
WHERE instrument_id = $1 AND event_time_ns = $2 AND epoch = $3 AND sequence = $4)"""
HAS_QUOTE, HAS_TRADE = HAS_TICK.format(table="quote"), HAS_TICK.format(table="trade")
HAS_BAR = """
SELECT EXISTS (SELECT FROM marketdata.bar
WHERE instrument_id = $1 AND bar_interval = $2 AND close_time_ns = $3)"""
# What is there may be newer: only what is absent is put.
PUT_ABSENT_BARS = """
INSERT INTO marketdata.bar
  (instrument_id, bar_interval, close_time_ns, open, high, low, close, volume)
SELECT * FROM unnest($1::int[], $2::text[], $3::bigint[], $4::float8[], $5::float8[],
                     $6::float8[], $7::float8[], $8::float8[])
ON CONFLICT (instrument_id, bar_interval, close_time_ns) DO NOTHING"""


class PostgresRecoveryStore:
    """Stores what may be stored already, without touching what is newer."""

    def __init__(
        self, postgres: Postgres, history: HistoryStore, number: Callable[[str], int]
    ) -> None:
        self._postgres, self._history, self._number = postgres, history, number

    async def has(self, item: Sequenced) -> bool:
        """Tell whether the last row of a batch is stored; then all before it are."""
        batch, newest = item.batch, int(item.batch.times[-1])
        number = self._number(batch.instrument)
        if isinstance(batch, Bars):
            return bool(await self._postgres.fetchval(HAS_BAR, number, batch.interval, newest))
        table = HAS_TRADE if isinstance(batch, Trades) else HAS_QUOTE
        place = (newest, item.epoch, item.last_sequence)
        return bool(await self._postgres.fetchval(table, number, *place))

    async def put(self, items: Sequence[Sequenced]) -> None:
        """Store what is not there yet."""
        bars = [item.batch for item in items if isinstance(item.batch, Bars)]
        ticks = [item for item in items if not isinstance(item.batch, Bars)]
        if ticks:
            await self._history.write(ticks, [], again=True)
        if bars:
            numbers = [self._number(batch.instrument) for batch in bars]
            await self._postgres.execute(PUT_ABSENT_BARS, *rows.bar_columns(bars, numbers))
