"""Equity at the end of each day, from the rollups of curves."""

from decimal import Decimal
from typing import Any

from quarterdeck_server.kernel.day import DAY_NS
from quarterdeck_server.kernel.money import Money
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.domain.equity import DayValue
from quarterdeck_server.trading.store.rollup import DAY_S, PROFIT

_DAYS_OF = f"FROM trading.equity_rollup WHERE account = $1 AND seconds = {DAY_S} AND strategy"
_RANGE = f"""
SELECT (SELECT min(start_ns) / {DAY_NS} {_DAYS_OF} = $2),
       (SELECT max(start_ns) / {DAY_NS} {_DAYS_OF} = '')"""
_DAILY = f"""
SELECT start_ns / {DAY_NS}, last_time_ns, equity, {{0}} FROM trading.equity_rollup AS own
WHERE account = $1 AND strategy = '' AND seconds = {DAY_S}
  AND start_ns BETWEEN $2::bigint * {DAY_NS} AND $3::bigint * {DAY_NS}
ORDER BY start_ns"""  # noqa: S608 - constants
_OF_STRATEGY = f"""coalesce((
  SELECT {PROFIT} {_DAYS_OF} = $4 AND start_ns <= own.start_ns
  ORDER BY start_ns DESC LIMIT 1), 0)"""
_FIRST = f"""
SELECT first_time_ns, equity_open - profit_open, 0 {_DAYS_OF} = ''
ORDER BY start_ns LIMIT 1"""
_FLOWS = """
SELECT event_time_ns, currency, amount, base_amount
FROM trading.flow
WHERE account = $1 AND kind IN ('deposit', 'withdrawal', 'transfer')
  AND event_time_ns > $2 AND event_time_ns <= $3
ORDER BY event_time_ns"""


async def covered(postgres: Postgres, account: str, strategy: str) -> tuple[int, int] | None:
    """Return a curve's first day and the account's last, in days since 1970-01-01."""
    first, last = await postgres.fetchrow(_RANGE, account, strategy) or (None, None)
    return None if first is None or last is None else (first, last)


async def values(
    postgres: Postgres, account: str, strategy: str, first: int, last: int
) -> tuple[DayValue, ...]:
    """Return the values at the ends of days, those of the first and the last included."""
    rows = await postgres.fetch(*_asked(account, strategy, first, last))
    return tuple(DayValue(*row) for row in rows)


async def before(postgres: Postgres, account: str, strategy: str, day: int) -> DayValue | None:
    """Return the last values before a day."""
    statement, *arguments = _asked(account, strategy, 0, day - 1)
    row = await postgres.fetchrow(f"{statement} DESC LIMIT 1", *arguments)
    return None if row is None else DayValue(*row)


async def paid_in(postgres: Postgres, account: str, day: int) -> DayValue | None:
    """Return what an account was worth before its first profit, as the value of a day."""
    row = await postgres.fetchrow(_FIRST, account)
    return None if row is None else DayValue(day, *row)


async def flows(
    postgres: Postgres, account: str, after_ns: int, until_ns: int
) -> list[tuple[int, Money, Decimal | None]]:
    """Return when cash came from outside or went there, and what it was in the base currency.

    The last is ``None`` where no rate was known when it was recorded.
    """
    rows = await postgres.fetch(_FLOWS, account, after_ns, until_ns)
    return [(row[0], Money(row[2], row[1]), row[3]) for row in rows]


def _asked(account: str, strategy: str, first: int, last: int) -> tuple[Any, ...]:
    """Return the query of an account's days with the profit of it or of a strategy in it."""
    if strategy:
        return (_DAILY.format(_OF_STRATEGY), account, first, last, strategy)
    return (_DAILY.format(PROFIT), account, first, last)
