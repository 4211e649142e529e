"""The lives of orders, read from their states, their events and their fills."""

from collections.abc import Sequence

import asyncpg

from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.domain.life import LifeFills, LifeFilter, Lives
from quarterdeck_server.trading.domain.order import OrderStatus, Stage, stage
from quarterdeck_server.trading.domain.view import View
from quarterdeck_server.trading.store.listing import IN_VIEW, view_arguments

type Place = tuple[int, str, str]

# Filled orders end with their last fill, of which no node tells separately.
_ENDS = ", ".join(
    str(int(one))
    for one in OrderStatus
    if stage(one) is Stage.ENDED and one is not OrderStatus.FILLED
)
_TIMES = ", ".join(
    f"coalesce(min(event_time_ns) FILTER (WHERE order_status IN ({wanted})), 0) AS {name}"
    for name, wanted in (
        ("submit_time_ns", int(OrderStatus.SUBMITTED)),
        ("accept_time_ns", int(OrderStatus.ACCEPTED)),
        ("cancel_request_time_ns", int(OrderStatus.PENDING_CANCEL)),
        ("end_time_ns", _ENDS),
    )
)
_PLACE = "create_time_ns, account, client_order_id"
_LIVES = f"""
WITH chosen AS MATERIALIZED (
  SELECT account, client_order_id, strategy, instrument, side, order_type, status,
    quantity::float8, coalesce(decision_price::float8, 'NaN') AS decision_price, create_time_ns
  FROM trading.order_state
  WHERE {IN_VIEW} AND create_time_ns >= $6 AND create_time_ns < $7
    AND ($8 = '' OR right(instrument, length($8) + 1) = '.' || $8)
    AND ($9 = 0 OR order_type = $9)
    AND ($10::bigint IS NULL OR ({_PLACE}) > ($10, $11, $12))
  ORDER BY {_PLACE} LIMIT $13)
SELECT chosen.*, told.* FROM chosen CROSS JOIN LATERAL (
  SELECT {_TIMES} FROM trading.event
  WHERE event.account = chosen.account AND event.client_order_id = chosen.client_order_id
    AND event.client_order_id <> '') told
ORDER BY {_PLACE}"""  # noqa: S608 - constants of this package
_NEWEST_LIVES = _LIVES.replace(
    _PLACE, "create_time_ns DESC, account DESC, client_order_id DESC"
).replace("(create_time_ns DESC, account DESC, client_order_id DESC) >", f"({_PLACE}) <")
_FILLS = """
SELECT number, trade_id, event_time_ns, price::float8, fill.quantity::float8,
  coalesce(fee::float8, 'NaN') AS fee, fee_currency, liquidity_side
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY
  AS wanted (account, instrument, client_order_id, number)
JOIN trading.fill USING (account, instrument, client_order_id)
WHERE bust_time_ns IS NULL
ORDER BY number, event_time_ns, position"""

_ORDER_NAMES = (
    *("client_order_id", "account", "strategy", "instrument", "side", "order_type", "status"),
    *("quantity", "decision_price", "create_time_ns"),
    *("submit_time_ns", "accept_time_ns", "cancel_request_time_ns"),
)
_FILL_NAMES = (
    *("trade_id", "event_time_ns", "price", "quantity", "fee", "fee_currency"),
    "liquidity_side",
)


async def lives(
    postgres: Postgres,
    view: View,
    wanted: LifeFilter,
    after: Place | None,
    limit: int,
    *,
    newest_first: bool,
) -> Lives:
    """Return the lives of orders in the order in which they were made, after a place."""
    orders = await postgres.fetch(
        _NEWEST_LIVES if newest_first else _LIVES,
        *view_arguments(view),
        wanted.instrument,
        *wanted.within,
        wanted.venue,
        wanted.order_type,
        *(after or (None, None, None)),
        limit,
    )
    # After the orders, so that an order that is filled has its fills.
    keys = ("account", "instrument", "client_order_id")
    fills = await postgres.fetch(_FILLS, *([row[key] for row in orders] for key in keys))
    return _lives(orders, fills)


def _lives(orders: Sequence[asyncpg.Record], fills: Sequence[asyncpg.Record]) -> Lives:
    counts, newest = [0] * len(orders), [0] * len(orders)
    for row in fills:
        index = row["number"] - 1
        counts[index] += 1
        newest[index] = row["event_time_ns"]
    ends = [
        last if row["status"] == OrderStatus.FILLED else row["end_time_ns"]
        for row, last in zip(orders, newest, strict=True)
    ]
    return Lives(
        **{name: [row[name] for row in orders] for name in _ORDER_NAMES},
        end_time_ns=ends,
        fill_count=counts,
        fills=LifeFills(**{name: [row[name] for row in fills] for name in _FILL_NAMES}),
    )
