"""Rollups of activity: what changes is noted with the events, and folded soon after.

A batch notes its changes by minute, in its own transaction. ``fold`` moves them into minutes, hours
and days, many batches at once. Whoever reads adds both up, so nobody sees which are folded.
"""

from collections.abc import Mapping
from dataclasses import fields

from quarterdeck_server.runtime.postgres import Connection, Postgres
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.domain.activity import Counts, Key, rows

MOST_AT_ONCE = 20_000
"""Changes that are folded in one transaction."""

_COUNTED = ("orders", "rejects", "cancels", "fills")
_NAMES = tuple(each.name for each in fields(Counts))
SUMS = ", ".join(
    f"sum({name})::{'bigint' if name in _COUNTED else 'numeric'} AS {name}" for name in _NAMES
)
_KEY = "account, strategy, instrument, currency, seconds, start_ns"
# In the order of the key, so that two writers never wait for each other in a circle.
_FOLD = f"""
WITH taken AS (
  DELETE FROM trading.activity_change
  WHERE ctid = ANY (ARRAY(SELECT ctid FROM trading.activity_change LIMIT $1)) RETURNING *
), added AS (
  INSERT INTO trading.activity_rollup AS known ({_KEY}, {", ".join(_NAMES)})
  SELECT {_KEY}, {SUMS} FROM taken, trading.buckets(time_ns)
  GROUP BY {_KEY}
  ORDER BY account, seconds, start_ns, strategy, instrument, currency
  ON CONFLICT (account, seconds, start_ns, strategy, instrument, currency) DO UPDATE SET
    {", ".join(f"{name} = known.{name} + excluded.{name}" for name in _NAMES)},
    change_time = clock_timestamp()
  RETURNING 1
)
SELECT (SELECT count(*) FROM taken), (SELECT count(*) FROM added)"""  # noqa: S608 - constants


async def write(connection: Connection, changes: Mapping[Key, Counts]) -> None:
    """Note what changed, by the minute in which it happened."""
    if changes:
        await connection.copy_records_to_table(
            "activity_change",
            schema_name="trading",
            columns=["account", "strategy", "instrument", "currency", "time_ns", *_NAMES],
            records=rows(changes),
        )


async def fold(postgres: Postgres) -> None:
    """Add what was noted to its minutes, hours and days."""
    folded = MOST_AT_ONCE
    while folded == MOST_AT_ONCE:
        async with postgres.transaction() as connection:
            folded = await fold_some(connection, MOST_AT_ONCE)


async def fold_some(connection: Connection, most: int | None) -> int:
    """Do so with some of it, or all; return how many changes were folded."""
    changes, buckets = await connection.fetchrow(_FOLD, most) or (0, 0)
    metrics.BUCKETS.labels("activity").inc(buckets)
    return int(changes)
