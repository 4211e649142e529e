"""What the log says of fills and orders where others are compared with it, and what it doubts."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from decimal import Decimal

import asyncpg

from quarterdeck_server.kernel.money import quotient, rounded, trimmed
from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.trading.domain.fill import OrderSide
from quarterdeck_server.trading.domain.order import PRICE_DECIMALS, OrderStatus
from quarterdeck_server.trading.domain.reconciliation import BreakKind, Difference
from quarterdeck_server.trading.domain.statement import Coverage, Item, Subject, Terms

_DOUBTFUL = """
SELECT o.* FROM trading.order_state AS o
JOIN trading.event AS e ON e.position = CASE WHEN o.status = 1
  THEN (SELECT min(f.position) FROM trading.fill AS f
        WHERE (f.account, f.instrument, f.client_order_id)
          = (o.account, o.instrument, o.client_order_id))
  ELSE o.change_position END
WHERE (o.status = 6 OR (o.status = 1 AND o.filled_quantity > 0))
  AND e.record_time <= now() - $1::interval
ORDER BY o.change_position LIMIT 10000"""
_FILLS = """
SELECT account, instrument, trade_id,
       sum(CASE WHEN side = 1 THEN quantity ELSE -quantity END) AS quantity,
       min(price) AS price
FROM trading.fill
WHERE account = ANY($1) AND bust_time_ns IS NULL
  AND ((event_time_ns >= $2 AND event_time_ns < $3) OR trade_id = ANY($4))
GROUP BY account, instrument, trade_id"""
_ORDERS = """
SELECT account, instrument, client_order_id, venue_order_id, side, limit_price, status,
       quantity - filled_quantity AS quantity
FROM trading.order_state WHERE is_open AND account = ANY($1)"""
_SENT = frozenset(
    {
        OrderStatus.INITIALIZED,
        OrderStatus.EMULATED,
        OrderStatus.RELEASED,
        OrderStatus.SUBMITTED,
    }
)


async def doubtful(connection: Connection, after: timedelta) -> list[Difference]:
    """Return the orders that were filled and never told of, and those that nobody answered."""
    rows = await connection.fetch(_DOUBTFUL, after)
    return [_doubt(row) for row in rows]


async def fills(
    connection: Connection, coverage: Coverage, trades: Collection[str]
) -> Mapping[Item, Terms]:
    """Return the fills that a statement covers, and those that it names."""
    start, end = coverage.within_ns if Subject.FILL in coverage.subjects else (0, 0)
    rows = await connection.fetch(_FILLS, sorted(coverage.accounts), start, end, list(trades))
    return {
        Item(
            Subject.FILL,
            row["account"],
            instrument=row["instrument"],
            reference=row["trade_id"],
        ): Terms(row["quantity"], row["price"])
        for row in rows
    }


async def orders(
    connection: Connection, accounts: Collection[str], named: Collection[Item]
) -> Mapping[Item, Terms]:
    """Return the orders that work at a venue, under the identifiers by which they are named.

    One that was sent and not answered counts only if it is named: the venue may not know it yet.
    """
    found: dict[Item, Terms] = {}
    for row in await connection.fetch(_ORDERS, sorted(accounts)):
        mine, venues = (_order(row, row[key]) for key in ("client_order_id", "venue_order_id"))
        item = venues if venues in named else mine
        if item in named or OrderStatus(row["status"]) not in _SENT:
            found[item] = Terms(_signed(row, row["quantity"]), row["limit_price"])
    return found


def _order(row: asyncpg.Record, reference: str) -> Item:
    return Item(Subject.ORDER, row["account"], instrument=row["instrument"], reference=reference)


def _doubt(row: asyncpg.Record) -> Difference:
    item = Item(
        Subject.ORDER,
        row["account"],
        row["strategy"],
        row["instrument"],
        reference=row["client_order_id"],
    )
    if OrderStatus(row["status"]) is OrderStatus.ORDER_UNKNOWN:
        filled = _signed(row, row["filled_quantity"])
        price = rounded(quotient(row["filled_value"], row["filled_quantity"]), PRICE_DECIMALS)
        return Difference(item, BreakKind.ORDER_UNKNOWN, Terms(filled, trimmed(price)), None)
    sent = Terms(_signed(row, row["quantity"]), row["limit_price"])
    return Difference(item, BreakKind.ORDER_UNANSWERED, None, sent)


def _signed(row: asyncpg.Record, quantity: Decimal) -> Decimal:
    return quantity if row["side"] == OrderSide.BUY else -quantity
