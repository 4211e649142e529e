"""What happened to positions, read from the log as it counts now."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import asyncpg

from quarterdeck_server.kernel.money import Money
from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.trading.changed import ChangeQuery
from quarterdeck_server.trading.domain.fill import OrderSide
from quarterdeck_server.trading.portfolio import (
    Action,
    Fill,
    Flow,
    FlowKind,
    PositionKey,
    Side,
)
from quarterdeck_server.trading.store.adjustments import action_of, flow_of
from quarterdeck_server.trading.store.listing import IN_VIEW, view_arguments

PREFETCH = 200
"""So few that what is done with them does not hold up others."""
INCOME = [kind.value for kind in FlowKind if not kind.is_external]

type Placed[T] = tuple[int, T]
"""Something with its position in the log."""

_KEYS = f"""
SELECT account, strategy, instrument, bool_or(is_paid) AS is_paid FROM (
  SELECT account, strategy, instrument, false AS is_paid FROM trading.traded_position
  UNION ALL SELECT account, strategy, instrument, true FROM trading.flow
  WHERE kind = ANY($6) AND event_time_ns >= $7 AND event_time_ns < $8
) AS known
WHERE {IN_VIEW} AND ($9::text IS NULL OR (account, strategy, instrument) >= ($9, $10, $11))
GROUP BY account, strategy, instrument ORDER BY account, strategy, instrument"""  # noqa: S608 - constants
_FILLS = """
SELECT position, event_id, side, quantity, price, fee, fee_currency, event_time_ns
FROM trading.fill
WHERE account = $1 AND strategy = $2 AND instrument = $3 AND bust_time_ns IS NULL
  AND event_time_ns < $4 AND (event_time_ns, position) > ($5, $6)
ORDER BY event_time_ns, position"""
_FLAT = """
SELECT event_time_ns, position FROM (
  SELECT event_time_ns, position, sum(CASE side WHEN $5 THEN quantity ELSE -quantity END)
    OVER (ORDER BY event_time_ns, position) AS held
  FROM trading.fill
  WHERE account = $1 AND strategy = $2 AND instrument = $3 AND bust_time_ns IS NULL
    AND event_time_ns < $4
) AS past
WHERE held = 0 ORDER BY event_time_ns DESC, position DESC LIMIT 1"""
# What a dividend brought before the time does not count, what a split did does.
_ACTIONS = """
SELECT * FROM trading.corporate_action
WHERE event_time_ns < $2 AND (event_time_ns >= $1 OR kind = 'split')
  AND ($3 = '' OR instrument = $3)
ORDER BY event_time_ns, position"""
_INCOMES = """
SELECT * FROM trading.flow
WHERE account = $1 AND strategy = $2 AND instrument = $3 AND kind = ANY($4)
  AND event_time_ns >= $5 AND event_time_ns < $6 AND (event_time_ns, position) > ($7, $8)
ORDER BY event_time_ns, position"""


@dataclass(frozen=True, slots=True)
class Known:
    """A position that something may have happened to, and whether it was paid income."""

    key: PositionKey
    is_paid: bool


async def positions(
    connection: Connection, query: ChangeQuery, first: PositionKey | None
) -> list[Known]:
    """Return the positions that something may have happened to, from one on, in their order."""
    place = (None, None, None) if first is None else _place(first)
    scope = (*view_arguments(query.view), query.instrument, INCOME)
    rows = await connection.fetch(_KEYS, *scope, query.start_ns, query.end_ns, *place)
    return [
        Known(PositionKey(row["account"], row["instrument"], row["strategy"]), row["is_paid"])
        for row in rows
    ]


async def fills(
    connection: Connection, key: PositionKey, after: tuple[int, int], end_ns: int
) -> AsyncIterator[Placed[Fill]]:
    """Yield the fills of a position after a time and place of the log, as they count now."""
    rows = connection.cursor(_FILLS, *_place(key), end_ns, *after, prefetch=PREFETCH)
    async for row in rows:
        yield row["position"], _fill(key, row)


async def flat_at(
    connection: Connection, key: PositionKey, before_ns: int
) -> tuple[int, int] | None:
    """Return the last fill before a time that left nothing held, by its time and place of the log.

    It knows of no splits.
    """
    row = await connection.fetchrow(_FLAT, *_place(key), before_ns, OrderSide.BUY)
    return None if row is None else (row["event_time_ns"], row["position"])


async def incomes(
    connection: Connection, query: ChangeQuery, key: PositionKey, after: tuple[int, int]
) -> AsyncIterator[Placed[Flow]]:
    """Yield the income of a position within the time, after a time and place of the log."""
    within = (query.start_ns, query.end_ns)
    rows = connection.cursor(_INCOMES, *_place(key), INCOME, *within, *after, prefetch=PREFETCH)
    async for row in rows:
        yield row["position"], flow_of(row)


async def actions(connection: Connection, query: ChangeQuery) -> Mapping[str, list[Placed[Action]]]:
    """Return the corporate actions that count within the time, by instrument, by time."""
    found: defaultdict[str, list[Placed[Action]]] = defaultdict(list)
    scope = (query.start_ns, query.end_ns, query.instrument)
    for row in await connection.fetch(_ACTIONS, *scope):
        found[row["instrument"]].append((row["position"], action_of(row)))
    return found


def _place(key: PositionKey) -> tuple[str, str, str]:
    return key.account, key.strategy, key.instrument


def _fill(key: PositionKey, row: asyncpg.Record) -> Fill:
    fee = row["fee"]
    return Fill(
        id=row["event_id"],
        account=key.account,
        instrument=key.instrument,
        strategy=key.strategy,
        side=Side.BUY if row["side"] == OrderSide.BUY else Side.SELL,
        quantity=row["quantity"],
        price=row["price"],
        time_ns=row["event_time_ns"],
        fee=None if fee is None else Money(fee, row["fee_currency"]),
    )
