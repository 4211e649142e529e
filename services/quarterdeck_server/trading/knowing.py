"""What the log and the desk know of that which a batch is about, before it is folded."""

from collections.abc import Iterable, Iterator, Sequence

from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.domain.batch import (
    Batch,
    Surroundings,
    fill_keys,
    holdings,
    order_keys,
)
from quarterdeck_server.trading.domain.event import Event
from quarterdeck_server.trading.domain.fill import Fill, Holding
from quarterdeck_server.trading.portfolio import Dividend, Split
from quarterdeck_server.trading.retelling import holding_of, position_key
from quarterdeck_server.trading.store import amendments
from quarterdeck_server.trading.store import log as store


async def known(connection: Connection, desk: Desk, events: Sequence[Event]) -> Batch:
    """Return a batch of nothing yet, with all that its events may need; the desk has followed."""
    fills = await store.fills(connection, fill_keys(events))
    return Batch(
        position=desk.position,
        digests=await store.known_digests(connection, {event.event_id for event in events}),
        orders=await store.orders(connection, order_keys(events)),
        fills=fills,
        histories=await amendments.histories(connection, fills.values()),
        newest_ns=dict(newest(desk, holdings(events))),
        around=_around(desk, events),
    )


def newest(desk: Desk, positions: Iterable[Holding]) -> Iterator[tuple[Holding, int]]:
    """Yield those positions that have fills, and the time of the latest."""
    for holding in positions:
        if filled_ns := desk.average.filled_ns(position_key(holding)):
            yield holding, filled_ns


def _around(desk: Desk, events: Sequence[Event]) -> Surroundings:
    book, bodies = desk.average, [event.body for event in events]
    traded = {body.instrument for body in bodies if isinstance(body, Fill)}
    acted = {body.instrument for body in bodies if isinstance(body, Split | Dividend)}
    return Surroundings(
        accounts=desk.bases,
        holdings=[holding_of(key) for name in acted for key in book.holders(name)],
        actions=[action for name in traded for action in book.actions(name)],
    )
