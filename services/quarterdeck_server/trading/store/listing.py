"""Lists of orders and fills, newest first, and of events, oldest first, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.domain.fill import Fill
from quarterdeck_server.trading.domain.life import EventFilter
from quarterdeck_server.trading.domain.logged import LoggedEvent
from quarterdeck_server.trading.domain.order import Order
from quarterdeck_server.trading.domain.view import EVERY, View
from quarterdeck_server.trading.store.events import logged_of
from quarterdeck_server.trading.store.rows import FILL_COLUMNS, ORDER_COLUMNS, fill_of, order_of

IN_VIEW = """
($1 = '' OR account = $1) AND ($2 = '' OR strategy = $2)
AND ($3::text[] IS NULL OR account = ANY($3)) AND ($4::text[] IS NULL OR strategy = ANY($4))
AND ($5 = '' OR instrument = $5)"""
_ORDERS = f"""
SELECT {ORDER_COLUMNS} FROM trading.order_state
WHERE {IN_VIEW} AND ($6::bigint IS NULL OR (change_position, client_order_id) < ($6, $7))
ORDER BY change_position DESC, client_order_id DESC LIMIT $8"""  # noqa: S608 - constants
_OPEN_ORDERS = _ORDERS.replace("WHERE", "WHERE is_open AND")
_FILLS = f"""
SELECT {FILL_COLUMNS} FROM trading.fill
WHERE {IN_VIEW} AND event_time_ns >= $6 AND event_time_ns < $7
  AND ($8::bigint IS NULL OR (event_time_ns, position) < ($8, $9))
ORDER BY event_time_ns DESC, position DESC LIMIT $10"""  # noqa: S608 - constants

_EVENTS = f"""
SELECT position, record_time, node, account, strategy, event_time_ns, content FROM trading.event
WHERE {IN_VIEW} AND event_time_ns >= $6 AND event_time_ns < $7
  AND (cardinality($8::text[]) = 0 OR kind = ANY($8))
  AND ($9::bigint IS NULL OR (event_time_ns, position) > ($9, $10))
ORDER BY event_time_ns, position LIMIT $11"""  # noqa: S608 - constants
# Apart, so that the plan uses the index by order.
_EVENTS_OF_ORDER = _EVENTS.replace(
    "WHERE", "WHERE account = $1 AND client_order_id = $12 AND client_order_id <> '' AND"
)


@dataclass(frozen=True, slots=True)
class Listed[T]:
    """Rows of a page, and where each stands."""

    items: tuple[T, ...]
    places: tuple[tuple[int, str | int], ...]


async def orders(
    postgres: Postgres,
    view: View,
    instrument: str,
    after: tuple[int, str] | None,
    limit: int,
    *,
    open_only: bool,
) -> Listed[Order]:
    """Return orders, last changed first, after a place."""
    position, client_order_id = after or (None, None)
    rows = await postgres.fetch(
        _OPEN_ORDERS if open_only else _ORDERS,
        *view_arguments(view),
        instrument,
        position,
        client_order_id,
        limit,
    )
    places = tuple((row["change_position"], row["client_order_id"]) for row in rows)
    return Listed(tuple(order_of(row) for row in rows), places)


async def fills(
    postgres: Postgres,
    view: View,
    instrument: str,
    within: tuple[int, int],
    after: tuple[int, int] | None,
    limit: int,
) -> Listed[Fill]:
    """Return fills, newest first, after a place."""
    time_ns, position = after or (None, None)
    rows = await postgres.fetch(
        _FILLS, *view_arguments(view), instrument, *within, time_ns, position, limit
    )
    places = tuple((row["event_time_ns"], row["position"]) for row in rows)
    return Listed(tuple(fill_of(row) for row in rows), places)


async def events(
    postgres: Postgres, view: View, wanted: EventFilter, after: tuple[int, int] | None, limit: int
) -> Listed[LoggedEvent]:
    """Return events, oldest first, after a place."""
    of_order = (wanted.client_order_id,) if wanted.client_order_id else ()
    rows = await postgres.fetch(
        _EVENTS_OF_ORDER if of_order else _EVENTS,
        *view_arguments(view),
        wanted.instrument,
        *wanted.within,
        wanted.kinds,
        *(after or (None, None)),
        limit,
        *of_order,
    )
    places = tuple((row["event_time_ns"], row["position"]) for row in rows)
    return Listed(tuple(logged_of(row) for row in rows), places)


def view_arguments(view: View) -> Sequence[object]:
    """Return the first four arguments of ``IN_VIEW``."""
    accounts = None if EVERY in view.accounts else sorted(view.accounts)
    strategies = None if EVERY in view.strategies else sorted(view.strategies)
    return (view.account, view.strategy, accounts, strategies)
