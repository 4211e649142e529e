"""Reading curves: the points of a window, evenly thinned, from rollups where points are too many.

What a bucket tells of its last point is that point, so a curve of rollups goes through points of
the curve; and where points or minutes were dropped, what is coarser stands in for them.
"""

from quarterdeck_server.kernel.time import LATEST_NS
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.domain.equity import EquityPoint
from quarterdeck_server.trading.store.rollup import (
    DAY_S,
    HOUR_NS,
    HOUR_S,
    MINUTE_NS,
    MINUTE_S,
)

POINTS_S = 0
"""The length of what is not folded."""
_SLACK_NS = 48 * HOUR_NS
"""How far a day's points may lie from the midnight by which the day is known."""

_VALUES = (
    "publish_time_ns, equity, realised_profit, unrealised_profit, fees, income, gross_exposure"
)
_OF_CURVE = "account = $1 AND strategy = $2"
_IN_RANGE = f"""(
  seconds < {DAY_S} AND start_ns > $3 - {HOUR_NS} AND start_ns < $4
  OR seconds = {DAY_S} AND start_ns > $3 - {_SLACK_NS} AND start_ns < $4 + {_SLACK_NS})"""
_ENOUGH = f"""
SELECT count(*) >= $6 FROM (
  SELECT FROM trading.equity_rollup
  WHERE {_OF_CURVE} AND seconds = $5 AND start_ns >= $3 AND start_ns < $4 LIMIT $6) AS found"""  # noqa: S608
_ROLLED = f"""
SELECT last_time_ns AS event_time_ns, {_VALUES}, 1 AS place FROM trading.equity_rollup
WHERE {_OF_CURVE} AND seconds >= $5 AND {_IN_RANGE}
  AND last_time_ns >= $3 AND last_time_ns < $4"""  # noqa: S608 - constants of this module
_POINTS = f"""
SELECT event_time_ns, {_VALUES}, 0 AS place FROM trading.equity_point
WHERE {_OF_CURVE} AND event_time_ns >= $3 AND event_time_ns < $4"""  # noqa: S608 - constants
# The first and the last point of the window, found by their minutes: a look into one part each.
_END = f"""
SELECT point.* FROM (
  SELECT start_ns FROM trading.equity_rollup
  WHERE {_OF_CURVE} AND seconds = {MINUTE_S} AND start_ns > $3 - {MINUTE_NS} AND start_ns < $4
    AND last_time_ns >= $3 AND first_time_ns < $4
  ORDER BY start_ns {{0}} LIMIT 1) AS minute
CROSS JOIN LATERAL (
  {_POINTS} AND event_time_ns >= start_ns AND event_time_ns < start_ns + {MINUTE_NS}
  ORDER BY event_time_ns {{0}} LIMIT 1) AS point"""  # noqa: S608 - constants of this module
_ENDS = f"({_END.format('ASC')}) UNION ALL ({_END.format('DESC')})"


def _thinned(points: str) -> str:
    # Evenly chosen on the server, the first and the last always among them.
    return f"""
WITH known AS (
  SELECT DISTINCT ON (event_time_ns) * FROM ({points} UNION ALL {_ROLLED}) AS found
  ORDER BY event_time_ns, place
), chosen AS (
  SELECT *, row_number() OVER (ORDER BY event_time_ns) - 1 AS index, count(*) OVER () AS total
  FROM known
)
SELECT event_time_ns, {_VALUES} FROM chosen
WHERE total <= $6 OR index = total - 1
   OR ($6 > 1 AND index <> total - 1
       AND index * ($6 - 1) / total <> (index - 1) * ($6 - 1) / total)
   OR ($6 > 1 AND index = 0)
ORDER BY event_time_ns"""  # noqa: S608 - constants of this module


_FROM_POINTS, _FROM_ROLLUPS = _thinned(_POINTS), _thinned(_ENDS)


async def curve(
    postgres: Postgres, account: str, strategy: str, within: tuple[int, int], at_most: int
) -> list[EquityPoint]:
    """Return at most so many points of a curve, from a time up to but without another."""
    span = (account, strategy, max(within[0], 0), min(within[1], LATEST_NS - _SLACK_NS))
    seconds = await _coarsest(postgres, span, at_most)
    statement = _FROM_POINTS if seconds == POINTS_S else _FROM_ROLLUPS
    rows = await postgres.fetch(statement, *span, seconds, at_most)
    return [EquityPoint(account, strategy, **row) for row in rows]


async def _coarsest(postgres: Postgres, span: tuple[str, str, int, int], at_most: int) -> int:
    """Return the longest buckets of which a window has as many as are wanted."""
    for seconds in (DAY_S, HOUR_S, MINUTE_S):
        if await postgres.fetchval(_ENOUGH, *span, seconds, at_most):
            return seconds
    return POINTS_S
