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
SELECT account, strategy, instrument FROM (
  SELECT account, strategy, instrument FROM trading.newest_fill
  UNION SELECT account, strategy, instrument FROM trading.flow WHERE kind = ANY($6)
) AS known
WHERE {IN_VIEW} AND ($7::text IS NULL OR (account, strategy, instrument) >= ($7, $8, $9))
ORDER BY account, strategy, instrument"""  # noqa: S608 - constants
_FILLS = """
SELECT position, event_id, side, quantity, price, fee, fee_currency, event_time_ns
FROM trading.fill
WHERE account = $1 AND strategy = $2 AND instrument = $3 AND bust_time_ns IS NULL
  AND event_time_ns < $4 AND (event_time_ns, position) > ($5, $6)
ORDER BY event_time_ns, position"""
_ACTIONS = "SELECT * FROM trading.corporate_action WHERE event_time_ns < $1 ORDER BY position"
_INCOMES = f"""
SELECT * FROM trading.flow
WHERE {IN_VIEW} AND kind = ANY($6) AND event_time_ns >= $7 AND event_time_ns < $8
ORDER BY position"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Others:
    """What happened besides fills: to an instrument, and to positions."""

    actions: Mapping[str, list[Placed[Action]]]
    incomes: Mapping[PositionKey, list[Placed[Flow]]]


async def keys(
    connection: Connection, query: ChangeQuery, first: PositionKey | None
) -> list[PositionKey]:
    """Return the positions that something may have happened to, from one on, in their order."""
    place = (None, None, None) if first is None else _place(first)
    rows = await connection.fetch(
        _KEYS, *view_arguments(query.view), query.instrument, INCOME, *place
    )
    return [PositionKey(row["account"], row["instrument"], row["strategy"]) for row in rows]


async def fills(
    connection: Connection, key: PositionKey, after: tuple[int, int], end_ns: int
) -> AsyncIterator[Placed[Fill]]:
    """Yield the fills of a position after a time and place of the log, as they count now."""
    rows = connection.cursor(_FILLS, *_place(key), end_ns, *after, prefetch=PREFETCH)
    async for row in rows:
        yield row["position"], _fill(key, row)


async def others(connection: Connection, query: ChangeQuery) -> Others:
    """Return all corporate actions before the end, and the income within the time."""
    actions: defaultdict[str, list[Placed[Action]]] = defaultdict(list)
    for row in await connection.fetch(_ACTIONS, query.end_ns):
        actions[row["instrument"]].append((row["position"], action_of(row)))
    incomes: defaultdict[PositionKey, list[Placed[Flow]]] = defaultdict(list)
    scope = (*view_arguments(query.view), query.instrument, INCOME)
    for row in await connection.fetch(_INCOMES, *scope, query.start_ns, query.end_ns):
        key = PositionKey(row["account"], row["instrument"], row["strategy"])
        incomes[key].append((row["position"], flow_of(row)))
    return Others(actions, incomes)


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
