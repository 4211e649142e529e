"""Rollups of curves: points folded by minute, hour and day, in the transaction that stores them.

New points are merged into what a bucket had: highs and lows add up, and what the first and the last
point said goes to the earlier and the later one, so points may come in any order. A point that was
stored again with other numbers cannot be merged: its buckets are folded anew, a minute from points,
hours and days from minutes. Where those are dropped already, a bucket that has counted more than is
left to fold is merged with it instead, so nothing that was dropped is forgotten.
"""

from datetime import time, timedelta

from quarterdeck_server.kernel.day import DAY_NS
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.runtime.postgres import Connection, Postgres
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.store import activity

MINUTE_NS, HOUR_NS = 60 * NS, 3_600 * NS
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
ROWS_A_DELETION = 20_000
NEIGHBOURS_NS = 26 * HOUR_NS
"""No trading day is longer, whatever its zone does with its clocks."""

PROFIT = "realised_profit + unrealised_profit - fees + income"
_KEY = ("account", "strategy", "seconds", "start_ns")
_OF_FIRST = ("first_time_ns", "equity_open", "profit_open")
_OF_LAST = (
    *("last_time_ns", "publish_time_ns", "equity", "realised_profit"),
    *("unrealised_profit", "fees", "income", "gross_exposure"),
)
_HIGHS = ("equity_high", "profit_high", "gross_exposure_high")
_LOWS = ("equity_low", "profit_low")
_COLUMNS = (*_KEY, "point_count", *_OF_FIRST, *_OF_LAST, *_HIGHS, *_LOWS)
_LIST = ", ".join(_COLUMNS)

# A point is a piece, as is a bucket: what is folded is told by what it folds to.
_OF_POINT = {
    "point_count": "1",
    "first_time_ns": "event_time_ns",
    "last_time_ns": "event_time_ns",
    **dict.fromkeys(("equity_open", "equity_high", "equity_low"), "equity"),
    **dict.fromkeys(("profit_open", "profit_high", "profit_low"), PROFIT),
    "gross_exposure_high": "gross_exposure",
}
_POINT = ", ".join(
    f"{_OF_POINT.get(name, name)} AS {name}" for name in _COLUMNS if name not in _KEY[2:]
)
_BUCKET = ", ".join(name for name in _COLUMNS if name not in _KEY[2:])


def _folded(pieces: str) -> str:
    """Return the query that folds pieces by the bucket that each of them names."""
    bounds = ", ".join(
        [*_KEY, "sum(point_count)::bigint AS point_count"]
        + ["min(first_time_ns) AS first_time_ns", "max(last_time_ns) AS last_time_ns"]
        + [f"max({name}) AS {name}" for name in _HIGHS]
        + [f"min({name}) AS {name}" for name in _LOWS]
    )
    sources = {"first": _OF_FIRST, "last": _OF_LAST}
    source_of = {name: source for source, names in sources.items() for name in names}
    chosen = ", ".join(f"{source_of.get(name, 'bounds')}.{name}" for name in _COLUMNS)
    key = ", ".join(_KEY)
    same = " AND ".join(f"{{0}}.{name} = bounds.{name}" for name in (*_KEY, "{0}_time_ns"))
    return f"""
WITH piece AS ({pieces}), bounds AS (SELECT {bounds} FROM piece GROUP BY {key})
SELECT {chosen} FROM bounds
JOIN piece AS first ON {same.format("first")}
JOIN piece AS last ON {same.format("last")}"""  # noqa: S608 - constants of this module


def _upsert(pieces: str, *, is_whole: str, point_count: str) -> str:
    """Return the statement that puts folded pieces into their buckets.

    ``is_whole`` tells when pieces are all that a bucket has, and replace it.
    """

    def taken(names: tuple[str, ...], when: str, otherwise: str = "known.{0}") -> list[str]:
        case = f"{{0}} = CASE WHEN {is_whole} {when} THEN excluded.{{0}} ELSE {otherwise} END"
        return [case.format(name) for name in names]

    changes = [
        f"point_count = {point_count}",
        *taken(_OF_FIRST, "OR excluded.first_time_ns <= known.first_time_ns"),
        *taken(_OF_LAST, "OR excluded.last_time_ns >= known.last_time_ns"),
        *taken(_HIGHS, "", "greatest(known.{0}, excluded.{0})"),
        *taken(_LOWS, "", "least(known.{0}, excluded.{0})"),
        "change_time = clock_timestamp()",
    ]
    # In the order of the key, so that two writers never wait for each other in a circle.
    return f"""
INSERT INTO trading.equity_rollup AS known ({_LIST})
{_folded(pieces)}
ORDER BY account, strategy, seconds, start_ns
ON CONFLICT ({", ".join(_KEY)}) DO UPDATE SET
  {", ".join(changes)}"""


def merging(points: str) -> str:
    """Return the statement that merges new points, which a query tells, into their buckets."""
    pieces = f"SELECT {_POINT}, seconds, start_ns FROM ({points}) AS point, trading.buckets(event_time_ns)"  # noqa: S608, E501
    return _upsert(pieces, is_whole="false", point_count="known.point_count + excluded.point_count")


def _refolding(pieces: str) -> str:
    return _upsert(
        pieces,
        is_whole="excluded.point_count >= known.point_count",
        point_count="greatest(known.point_count, excluded.point_count)",
    )


_OF_CURVE = "account = $1 AND strategy = $2"
_REFOLD_MINUTES = _refolding(f"""
SELECT {_POINT}, {MINUTE_S} AS seconds, event_time_ns - event_time_ns % {MINUTE_NS} AS start_ns
FROM trading.equity_point
WHERE {_OF_CURVE} AND event_time_ns >= $3 AND event_time_ns < $4""")  # noqa: S608 - constants
_REFOLD_HOURS = _refolding(f"""
SELECT {_BUCKET}, {HOUR_S} AS seconds, start_ns - start_ns % {HOUR_NS} AS start_ns
FROM trading.equity_rollup
WHERE {_OF_CURVE} AND seconds = {MINUTE_S} AND start_ns >= $3 AND start_ns < $4""")  # noqa: S608
_REFOLD_DAYS = _refolding(f"""
SELECT {_BUCKET}, {DAY_S} AS seconds, trading.day_of(start_ns, zone, at) * {DAY_NS} AS start_ns
FROM trading.equity_rollup, trading.day_roll
WHERE {_OF_CURVE} AND seconds = {MINUTE_S}
  AND start_ns >= $3 - {NEIGHBOURS_NS} AND start_ns < $4 + {NEIGHBOURS_NS}
  AND trading.day_of(start_ns, zone, at)
      BETWEEN trading.day_of($3, zone, at) AND trading.day_of($4 - 1, zone, at)""")  # noqa: S608
# An hour whose minutes were dropped counts whole, for the day in which it ended.
_FOLD_DAYS_ANEW = f"""
INSERT INTO trading.equity_rollup ({_LIST})
{
    _folded(f'''
SELECT {_BUCKET}, {DAY_S} AS seconds, trading.day_of(last_time_ns, zone, at) * {DAY_NS} AS start_ns
FROM trading.day_roll, (
  SELECT *, sum(point_count) FILTER (WHERE seconds = {MINUTE_S})
              OVER (PARTITION BY account, strategy, start_ns - start_ns % {HOUR_NS}) AS in_minutes,
         max(point_count) FILTER (WHERE seconds = {HOUR_S})
              OVER (PARTITION BY account, strategy, start_ns - start_ns % {HOUR_NS}) AS in_hour
  FROM trading.equity_rollup WHERE seconds IN ({MINUTE_S}, {HOUR_S})
) AS part
WHERE (seconds = {MINUTE_S}) = (coalesce(in_minutes, 0) >= in_hour)''')
}"""  # noqa: S608 - constants of this module
_DROP_OLD_MINUTES = """
DELETE FROM trading.{0} WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM trading.{0}
  WHERE seconds = 60 AND change_time < now() - $1::interval LIMIT $2))"""
_FOLD_ACTIVITY_ANEW = f"""
INSERT INTO trading.activity_rollup
SELECT account, strategy, instrument, currency, {DAY_S} AS seconds,
       trading.day_of(time_ns, zone, at) * {DAY_NS} AS start_ns,
       sum(orders), sum(rejects), sum(cancels), sum(fills), sum(bought_quantity),
       sum(sold_quantity), sum(bought_value), sum(sold_value), sum(fees)
FROM trading.activity, trading.day_roll
GROUP BY account, strategy, instrument, currency, start_ns"""  # noqa: S608 - constants


async def refold(
    connection: Connection, account: str, strategy: str, within: tuple[int, int]
) -> None:
    """Fold the buckets of a curve anew, those of points from a time up to but without another."""
    for statement, length in (
        (_REFOLD_MINUTES, MINUTE_NS),
        (_REFOLD_HOURS, HOUR_NS),
        (_REFOLD_DAYS, MINUTE_NS),
    ):
        start_ns = within[0] - within[0] % length
        end_ns = within[1] + -within[1] % length
        counted(await connection.execute(statement, account, strategy, start_ns, end_ns))


async def keep_days(postgres: Postgres, zone: str, at: time) -> bool:
    """Make days end at a time of a zone; tells whether they ended otherwise, and were made anew."""
    async with postgres.transaction() as connection:
        changed = await connection.execute(
            "UPDATE trading.day_roll SET zone = $1, at = $2 WHERE (zone, at) <> ($1, $2)", zone, at
        )
        if changed.endswith(" 0"):
            return False
        # No point and no event is folded meanwhile.
        await connection.execute(
            "LOCK TABLE trading.equity_rollup, trading.activity_change, trading.activity_rollup "
            "IN EXCLUSIVE MODE"
        )
        # What is counted anew from the log must not be added afterwards.
        await activity.fold_some(connection, None)
        for table in ("equity_rollup", "activity_rollup"):
            await connection.execute(f"DELETE FROM trading.{table} WHERE seconds = {DAY_S}")  # noqa: S608
        await connection.execute(_FOLD_DAYS_ANEW)
        await connection.execute(_FOLD_ACTIVITY_ANEW)
        return True


async def drop_old(postgres: Postgres, keep_points: timedelta, keep_minutes: timedelta) -> int:
    """Drop points and minutes past their retention; returns how many parts of points went."""
    dropped: int = await postgres.fetchval(
        "SELECT series.drop_settled('trading.equity_point', $1, 'publish_time_ns')", keep_points
    )
    for table in ("equity_rollup", "activity_rollup"):
        statement, rows = _DROP_OLD_MINUTES.format(table), ROWS_A_DELETION
        while rows == ROWS_A_DELETION:
            status = await postgres.execute(statement, keep_minutes, ROWS_A_DELETION)
            rows = int(status.split()[-1])
    return dropped


def counted(status: str) -> None:
    """Count the buckets that a statement wrote."""
    metrics.BUCKETS.labels("equity").inc(int(status.rsplit(maxsplit=1)[-1]))
