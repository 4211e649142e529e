"""Buckets of which something was dropped: they cannot be folded anew, so they are moved whole.

What their last points said becomes exact. Their opens, highs and lows move along, which is exact
where the change was the same for the whole bucket: a minute, nearly always. Hours and days are
moved only where minutes were dropped; otherwise they are folded from minutes that were moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck_server.kernel.day import DAY_NS
from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.trading.domain.restating import Shift
from quarterdeck_server.trading.store import rollup
from quarterdeck_server.trading.store.rollup import (
    HOUR_NS,
    HOUR_S,
    MINUTE_NS,
    MINUTE_S,
    NEIGHBOURS_NS,
)

type Curve = tuple[str, str]
"""An account and a strategy."""

_OF_CURVE = "account = $1 AND strategy = $2"
_IN_MINUTES = f"""
SELECT coalesce(sum(minute.point_count), 0) FROM trading.equity_rollup AS minute
WHERE minute.{_OF_CURVE.replace("AND ", "AND minute.")} AND minute.seconds = {MINUTE_S}"""  # noqa: S608
# What a bucket has counted more than is left to fold it from.
_BUCKETS = f"""
SELECT seconds, start_ns, last_time_ns FROM trading.equity_rollup AS bucket, trading.day_roll
WHERE {_OF_CURVE} AND start_ns > $3 - 2 * {NEIGHBOURS_NS} AND last_time_ns >= $3
  AND point_count > CASE seconds
    WHEN {MINUTE_S} THEN (
      SELECT count(*) FROM trading.equity_point
      WHERE {_OF_CURVE} AND event_time_ns >= start_ns AND event_time_ns < start_ns + {MINUTE_NS})
    WHEN {HOUR_S} THEN ({_IN_MINUTES}
      AND minute.start_ns >= bucket.start_ns AND minute.start_ns < bucket.start_ns + {HOUR_NS})
    ELSE ({_IN_MINUTES}
      AND minute.start_ns > bucket.start_ns - 2 * {NEIGHBOURS_NS}
      AND minute.start_ns < bucket.start_ns + 2 * {NEIGHBOURS_NS}
      AND trading.day_of(minute.start_ns, zone, at) * {DAY_NS} = bucket.start_ns) END"""  # noqa: S608
_PARTS = ("realised", "unrealised", "fees", "income")
_TOTAL = "by.realised + by.unrealised - by.fees + by.income"
_CLOSES = {
    "equity": "by.equity",
    "gross_exposure": "by.exposure",
    "realised_profit": "by.realised",
    "unrealised_profit": "by.unrealised",
    "fees": "by.fees",
    "income": "by.income",
}
_OPENS = {"equity_open": "by.equity", "profit_open": _TOTAL}
_HIGHS = {"equity_high": "by.equity", "profit_high": _TOTAL, "gross_exposure_high": "by.exposure"}
_LOWS = {"equity_low": "by.equity", "profit_low": _TOTAL}


def _moved(names: dict[str, str], unless_whole: str) -> list[str]:
    """Return assignments; ``unless_whole`` is for a bucket that began before the change."""
    return [
        f"{name} = CASE WHEN first_time_ns >= $3 THEN {name} + {change} ELSE "
        f"{unless_whole.format(name, f'{name} + {change}')} END"
        for name, change in names.items()
    ]


_ASSIGNMENTS = [
    *(f"{name} = bucket.{name} + {change}" for name, change in _CLOSES.items()),
    *_moved(_OPENS, "{0}"),
    *_moved(_HIGHS, "greatest({0}, {1})"),
    *_moved(_LOWS, "least({0}, {1})"),
]
_MOVE = f"""
UPDATE trading.equity_rollup AS bucket SET
  {", ".join(_ASSIGNMENTS)},
  change_time = clock_timestamp()
FROM unnest($4::int[], $5::bigint[], $6::float8[], $7::float8[], $8::float8[], $9::float8[],
            $10::float8[], $11::float8[])
       AS by (length, place, equity, {", ".join(_PARTS)}, exposure)
WHERE {_OF_CURVE} AND seconds = length AND start_ns = place"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of a curve, and the time of its last point."""

    seconds: int
    start_ns: int
    last_time_ns: int


async def buckets(
    connection: Connection, account: str, strategy: str, from_ns: int
) -> Sequence[Bucket]:
    """Return the buckets that end after a time and can no longer be folded anew."""
    rows = await connection.fetch(_BUCKETS, account, strategy, from_ns)
    return [Bucket(*row) for row in rows]


async def move(
    connection: Connection, curve: tuple[str, str], from_ns: int, moved: Sequence[Bucket], by: Shift
) -> None:
    """Add to buckets of an account and strategy what their last points change by."""
    columns = (by.equity, by.realised, by.unrealised, by.fees, by.income, by.gross_exposure)
    status = await connection.execute(
        _MOVE,
        *curve,
        from_ns,
        [one.seconds for one in moved],
        [one.start_ns for one in moved],
        *(values.tolist() for values in columns),
    )
    rollup.counted(status)
