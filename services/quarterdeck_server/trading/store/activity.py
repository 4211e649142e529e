"""Rollups of activity: counted by minute, hour and day in the transaction that stores events."""

from collections.abc import Mapping

from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.domain.activity import Counts, Key, rows

_SUMS = {
    **dict.fromkeys(("orders", "rejects", "cancels", "fills"), "bigint"),
    **dict.fromkeys(("bought_quantity", "sold_quantity"), "numeric"),
    **dict.fromkeys(("bought_value", "sold_value", "fees"), "numeric"),
}
_TYPES = {
    **dict.fromkeys(("account", "strategy", "instrument", "currency"), "text"),
    "time_ns": "bigint",
    **_SUMS,
}
_KEY = "account, strategy, instrument, currency, seconds, start_ns"
# In the order of the key, so that two writers never wait for each other in a circle.
_ADD = f"""
INSERT INTO trading.activity_rollup AS known ({_KEY}, {", ".join(_SUMS)})
SELECT {_KEY}, {", ".join(f"sum({name})::{kind}" for name, kind in _SUMS.items())}
FROM unnest({", ".join(f"${n}::{kind}[]" for n, kind in enumerate(_TYPES.values(), 1))})
       AS change ({", ".join(_TYPES)}),
     trading.buckets(time_ns)
GROUP BY {_KEY}
ORDER BY account, seconds, start_ns, strategy, instrument, currency
ON CONFLICT (account, seconds, start_ns, strategy, instrument, currency) DO UPDATE SET
  {", ".join(f"{name} = known.{name} + excluded.{name}" for name in _SUMS)},
  change_time = clock_timestamp()"""  # noqa: S608 - constants of this module


async def write(connection: Connection, changes: Mapping[Key, Counts]) -> None:
    """Add what changed to the minutes, hours and days in which it happened."""
    if changes:
        columns = zip(*rows(changes), strict=True)
        status = await connection.execute(_ADD, *map(list, columns))
        metrics.BUCKETS.labels("activity").inc(int(status.rsplit(maxsplit=1)[-1]))
