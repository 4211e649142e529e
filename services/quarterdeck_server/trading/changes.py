"""Position changes: every position of a view walked along, page by page."""

from collections.abc import AsyncIterator

from quarterdeck_server.kernel.errors import NotFound
from quarterdeck_server.runtime.postgres import Connection, Postgres
from quarterdeck_server.trading.changed import (
    ChangedPosition,
    ChangePage,
    ChangePlace,
    ChangeQuery,
    Moment,
)
from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.portfolio import PositionKey
from quarterdeck_server.trading.portfolio.actions import concerns
from quarterdeck_server.trading.portfolio.replay import order_of
from quarterdeck_server.trading.portfolio.walk import Event, Purse, Walk
from quarterdeck_server.trading.store import changes as store
from quarterdeck_server.trading.store.changes import Others, Placed


class ChangeReader:
    """Reads what happened to positions."""

    def __init__(self, postgres: Postgres, desk: Desk) -> None:
        self._postgres, self._desk = postgres, desk

    async def read(self, query: ChangeQuery, place: ChangePlace | None, size: int) -> ChangePage:
        """Return a page of changes, from the beginning or after a place; fails with NotFound."""
        account = query.view.account
        if account and account not in self._desk.bases:
            raise NotFound("account", account)
        page = ChangePage(size)
        async with self._postgres.transaction() as connection:
            others = await store.others(connection, query)
            for key in await store.keys(connection, query, place.key if place else None):
                start = place if place and place.key == key else ChangePlace(key)
                page.next = await self._walk(connection, query, others, start, page)
                if page.next is not None:
                    break
        return page

    async def _walk(
        self,
        connection: Connection,
        query: ChangeQuery,
        others: Others,
        place: ChangePlace,
        page: ChangePage,
    ) -> ChangePlace | None:
        """Add a position's changes to the page; return where they stopped fitting, if they did."""
        position = self._position(place.key)
        facts = position.instrument
        walk = Purse() if facts is None else Walk(place.key, facts, place.held)
        async for moment, event in _events(connection, query, others, place):
            is_first = event.time_ns >= query.start_ns and not place.is_within
            carried = walk.carried if is_first else ()
            steps = walk.take(event)
            if event.time_ns < query.start_ns or not (carried or steps):
                continue
            if not page.add(position, (*carried, *steps)):
                return place
            place = ChangePlace(place.key, moment, walk.held)
        if place.is_within or page.add(position, walk.carried):
            return None
        return place

    def _position(self, key: PositionKey) -> ChangedPosition:
        known = key.instrument and self._desk.knows(key.instrument)
        instrument = self._desk.average.instrument(key.instrument) if known else None
        return ChangedPosition(key, self._desk.bases.get(key.account, ""), instrument)


async def _events(
    connection: Connection, query: ChangeQuery, others: Others, place: ChangePlace
) -> AsyncIterator[tuple[Moment, Event]]:
    """Yield what happened to a position after a place, in the order in which it counts."""
    waiting = _besides_fills(others, place)
    after = (place.moment[0], place.moment[2] if place.moment[1] else -1)
    async for number, fill in store.fills(connection, place.key, after, query.end_ns):
        moment = (*order_of(fill), number)
        while waiting and waiting[-1][0] < moment:
            yield waiting.pop()
        yield moment, fill
    while waiting:
        yield waiting.pop()


def _besides_fills(others: Others, place: ChangePlace) -> list[tuple[Moment, Event]]:
    """Return what happened after a place besides fills, the last first."""
    key = place.key
    found: list[Placed[Event]] = [*others.incomes.get(key, ())]
    for number, action in others.actions.get(key.instrument, ()):
        if concerns(action, key.account):
            found.append((number, action))
    moments = [((*order_of(event), number), event) for number, event in found]
    later = [pair for pair in moments if pair[0] > place.moment]
    return sorted(later, key=lambda pair: pair[0], reverse=True)
