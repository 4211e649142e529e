"""Equity curves."""

from collections.abc import Sequence

from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.domain.equity import EquityPoint

_COLUMNS = (
    "account, strategy, event_time_ns, publish_time_ns, equity, realised_profit, "
    "unrealised_profit, fees, income"
)
_UPSERT = f"""
INSERT INTO trading.equity_point ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (account, strategy, event_time_ns) DO UPDATE SET
  (publish_time_ns, equity, realised_profit, unrealised_profit, fees, income)
    = (excluded.publish_time_ns, excluded.equity, excluded.realised_profit,
       excluded.unrealised_profit, excluded.fees, excluded.income)"""  # noqa: S608 - constants
# Evenly chosen on the server, the last always among them: a curve may have millions of points.
_THINNED = f"""
WITH chosen AS (
  SELECT {_COLUMNS}, row_number() OVER (ORDER BY event_time_ns) - 1 AS index,
         count(*) OVER () AS total
  FROM trading.equity_point
  WHERE account = $1 AND strategy = $2 AND event_time_ns >= $3 AND event_time_ns < $4
)
SELECT {_COLUMNS} FROM chosen
WHERE total <= $5 OR index = total - 1
   OR ($5 > 1 AND index <> total - 1
       AND index * ($5 - 1) / total <> (index - 1) * ($5 - 1) / total)
   OR ($5 > 1 AND index = 0)
ORDER BY event_time_ns"""  # noqa: S608 - constants


async def save_points(postgres: Postgres, points: Sequence[EquityPoint]) -> None:
    """Store points; the newest of a moment of the market replaces an earlier one."""
    await postgres.executemany(
        _UPSERT,
        [
            (
                point.account,
                point.strategy,
                point.event_time_ns,
                point.publish_time_ns,
                point.equity,
                point.realised_profit,
                point.unrealised_profit,
                point.fees,
                point.income,
            )
            for point in points
        ],
    )


async def curve(
    postgres: Postgres, account: str, strategy: str, within: tuple[int, int], at_most: int
) -> list[EquityPoint]:
    """Return at most so many points of a curve, from a time up to but without another."""
    rows = await postgres.fetch(_THINNED, account, strategy, *within, at_most)
    return [EquityPoint(*row) for row in rows]
