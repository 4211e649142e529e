"""Equity at the end of each day, from the points of curves."""

from collections.abc import Sequence

from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.domain.equity import DayValue

_PROFIT = "realised_profit + unrealised_profit - fees + income"
_RANGE = """
SELECT (SELECT min(event_time_ns) FROM trading.equity_point WHERE account = $1 AND strategy = $2),
       (SELECT max(event_time_ns) FROM trading.equity_point WHERE account = $1 AND strategy = '')"""
# One look into the index for each day, however many points a day has.
_DAILY = f"""
SELECT span.day, own.event_time_ns, own.equity, coalesce(part.profit, 0)
FROM unnest($3::bigint[], $4::bigint[], $5::bigint[]) AS span (day, start_ns, end_ns)
CROSS JOIN LATERAL (
  SELECT event_time_ns, equity FROM trading.equity_point
  WHERE account = $1 AND strategy = '' AND event_time_ns >= start_ns AND event_time_ns < end_ns
  ORDER BY event_time_ns DESC LIMIT 1
) AS own
LEFT JOIN LATERAL (
  SELECT {_PROFIT} AS profit FROM trading.equity_point
  WHERE account = $1 AND strategy = $2 AND event_time_ns < end_ns
  ORDER BY event_time_ns DESC LIMIT 1
) AS part ON true
ORDER BY span.day"""  # noqa: S608 - constants
_DAILY_OF_ACCOUNT = f"""
SELECT span.day, own.*
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS span (day, start_ns, end_ns)
CROSS JOIN LATERAL (
  SELECT event_time_ns, equity, {_PROFIT} FROM trading.equity_point
  WHERE account = $1 AND strategy = '' AND event_time_ns >= start_ns AND event_time_ns < end_ns
  ORDER BY event_time_ns DESC LIMIT 1
) AS own
ORDER BY span.day"""  # noqa: S608 - constants
_BEFORE = f"""
SELECT own.event_time_ns, own.equity, coalesce((
  SELECT {_PROFIT} FROM trading.equity_point
  WHERE account = $1 AND strategy = $2 AND event_time_ns < $3
  ORDER BY event_time_ns DESC LIMIT 1), 0)
FROM trading.equity_point AS own
WHERE own.account = $1 AND own.strategy = '' AND own.event_time_ns < $3
ORDER BY own.event_time_ns DESC LIMIT 1"""  # noqa: S608 - constants
_FIRST = f"""
SELECT event_time_ns, equity - ({_PROFIT}), 0 FROM trading.equity_point
WHERE account = $1 AND strategy = '' ORDER BY event_time_ns LIMIT 1"""  # noqa: S608 - constants
_FLOWS = """
SELECT event_time_ns, currency, amount::double precision
FROM trading.flow
WHERE account = $1 AND kind IN ('deposit', 'withdrawal', 'transfer')
  AND event_time_ns > $2 AND event_time_ns <= $3
ORDER BY event_time_ns"""


async def covered(postgres: Postgres, account: str, strategy: str) -> tuple[int, int] | None:
    """Return the times of a curve's first point and of the account's last."""
    first, last = await postgres.fetchrow(_RANGE, account, strategy) or (None, None)
    return None if first is None or last is None else (first, last)


async def values(
    postgres: Postgres, account: str, strategy: str, first: int, ends_ns: Sequence[int]
) -> tuple[DayValue, ...]:
    """Return the values at the ends of days; ``ends_ns`` begins with the end of the day before."""
    days = list(range(first, first + len(ends_ns) - 1))
    spans = (days, list(ends_ns[:-1]), list(ends_ns[1:]))
    if strategy:
        rows = await postgres.fetch(_DAILY, account, strategy, *spans)
    else:
        rows = await postgres.fetch(_DAILY_OF_ACCOUNT, account, *spans)
    return tuple(DayValue(*row) for row in rows)


async def before(
    postgres: Postgres, account: str, strategy: str, day: int, end_ns: int
) -> DayValue | None:
    """Return the last values before a moment, as those of a day."""
    row = await postgres.fetchrow(_BEFORE, account, strategy, end_ns)
    return None if row is None else DayValue(day, *row)


async def paid_in(postgres: Postgres, account: str, day: int) -> DayValue | None:
    """Return what an account was worth before its first profit, as the value of a day."""
    row = await postgres.fetchrow(_FIRST, account)
    return None if row is None else DayValue(day, *row)


async def flows(
    postgres: Postgres, account: str, after_ns: int, until_ns: int
) -> list[tuple[int, str, float]]:
    """Return when cash came (above zero) or left, and in which currency."""
    rows = await postgres.fetch(_FLOWS, account, after_ns, until_ns)
    return [(row[0], row[1], row[2]) for row in rows]
