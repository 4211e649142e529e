"""The table of rollups: candles are merged in the transaction that stores their ticks."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import timedelta

import numpy as np

from quarterdeck_server.marketdata.domain.columns import Floats, Quotes, Trades
from quarterdeck_server.marketdata.domain.rollup import (
    LENGTHS_S,
    MINUTE_S,
    BarOrigin,
    Candles,
    Ticks,
    fold,
)
from quarterdeck_server.marketdata.ports import Sequenced
from quarterdeck_server.marketdata.store.rows import Keys
from quarterdeck_server.runtime.postgres import Connection, Postgres

type Number = Callable[[str], int]

ROWS_A_STATEMENT = 10_000
ROWS_A_DELETION = 20_000
_FIRST = "first_time_ns, first_epoch, first_sequence"
_ROWS = ("excluded", "known")
_LAST = "last_time_ns, last_epoch, last_sequence"


def _taken(column: str, key: str, sign: str) -> str:
    """Return the assignment that takes a column from the candle whose key comes first or last."""
    fresh, known = (", ".join(f"{row}.{name}" for name in key.split(", ")) for row in _ROWS)
    wins = f"({fresh}) {sign} ({known})"
    return f"{column} = CASE WHEN {wins} THEN excluded.{column} ELSE known.{column} END"


_TAKEN = ",\n  ".join(
    [_taken(column, _FIRST, "<") for column in ("open", *_FIRST.split(", "))]
    + [_taken(column, _LAST, ">") for column in ("close", *_LAST.split(", "))]
)
# In the order of the key, so that two writers never wait for each other in a circle.
MERGE = f"""
INSERT INTO marketdata.rollup AS known
  (origin, seconds, instrument_id, close_time_ns, open, high, low, close, volume,
   {_FIRST}, {_LAST})
SELECT * FROM unnest($1::smallint[], $2::int[], $3::int[], $4::bigint[], $5::float8[],
  $6::float8[], $7::float8[], $8::float8[], $9::float8[], $10::bigint[], $11::bigint[],
  $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[])
  AS fresh (origin, seconds, instrument_id, close_time_ns)
ORDER BY instrument_id, origin, seconds, close_time_ns
ON CONFLICT (instrument_id, origin, seconds, close_time_ns) DO UPDATE SET
  {_TAKEN},
  high = greatest(known.high, excluded.high),
  low = least(known.low, excluded.low),
  volume = known.volume + excluded.volume,
  change_time = clock_timestamp()"""  # noqa: S608 - constants of this module
DROP_OLD = """
DELETE FROM marketdata.rollup WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM marketdata.rollup
  WHERE seconds = $1 AND change_time < now() - $2::interval LIMIT $3))"""


async def merge_rollups(connection: Connection, items: Sequence[Sequenced], number: Number) -> None:
    """Merge the ticks of batches into the bars of their minutes, hours and days."""
    # By instrument: the ticks are then in order already, unless some came late.
    ordered = sorted(items, key=lambda item: number(item.batch.instrument))
    columns = _columns(
        (
            (BarOrigin.TRADES, _trade_ticks(ordered, number)),
            (BarOrigin.QUOTES, _quote_ticks(ordered, number)),
        )
    )
    for start in range(0, len(columns[0]), ROWS_A_STATEMENT):
        part = slice(start, start + ROWS_A_STATEMENT)
        await connection.execute(MERGE, *(column[part] for column in columns))


async def drop_old_rollups(postgres: Postgres, keep: timedelta) -> None:
    """Drop bars of a minute that did not change for so long; hours and days are kept."""
    while True:
        async with postgres.connection() as connection:
            status = await connection.execute(DROP_OLD, MINUTE_S, keep, ROWS_A_DELETION)
        if int(status.split()[-1]) < ROWS_A_DELETION:
            return


def _columns(ticks_of: Iterable[tuple[BarOrigin, Ticks | None]]) -> list[list[float]]:
    parts = [
        (origin, seconds, fold(ordered, seconds))
        for origin, ticks in ticks_of
        if ticks is not None
        for ordered in (ticks.in_order(),)
        for seconds in LENGTHS_S
    ]
    if not parts:
        return [[]]
    return [
        [int(origin) for origin, _, candles in parts for _ in range(len(candles))],
        [seconds for _, seconds, candles in parts for _ in range(len(candles))],
        *(
            np.concatenate([getattr(candles, each.name) for _, _, candles in parts]).tolist()
            for each in fields(Candles)
        ),
    ]


def _trade_ticks(items: Sequence[Sequenced], number: Number) -> Ticks | None:
    chosen = [(item, item.batch) for item in items if isinstance(item.batch, Trades)]
    if not chosen:
        return None
    prices = np.concatenate([batch.price for _, batch in chosen]).astype(np.float64)
    volumes = np.concatenate([batch.size for _, batch in chosen]).astype(np.float64)
    return _ticks([item for item, _ in chosen], number, prices, volumes)


def _quote_ticks(items: Sequence[Sequenced], number: Number) -> Ticks | None:
    chosen = [(item, item.batch) for item in items if isinstance(item.batch, Quotes)]
    if not chosen:
        return None
    bid = np.concatenate([batch.bid_price for _, batch in chosen]).astype(np.float64)
    ask = np.concatenate([batch.ask_price for _, batch in chosen]).astype(np.float64)
    middle = bid / 2 + ask / 2  # halved first: the sum of two that fit might not
    return _ticks([item for item, _ in chosen], number, middle, np.zeros(len(middle)))


def _ticks(items: Sequence[Sequenced], number: Number, price: Floats, volume: Floats) -> Ticks:
    keys = Keys.of(items, number)
    return Ticks(keys.number, keys.event_time_ns, keys.epoch, keys.sequence, price, volume)
