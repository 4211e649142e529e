"""Position changes: every position of a view walked along, page by page."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from decimal import DecimalException

from quarterdeck_server.kernel.errors import NotFound
from quarterdeck_server.kernel.page import PageTokenInvalid
from quarterdeck_server.runtime.convert import LATEST_NS
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
from quarterdeck_server.trading.portfolio.actions import Action, Split, concerns
from quarterdeck_server.trading.portfolio.replay import order_of
from quarterdeck_server.trading.portfolio.walk import Event, Purse, Walk
from quarterdeck_server.trading.store import changes as store
from quarterdeck_server.trading.store.changes import Known, Placed

type Moved = tuple[Moment, Event]
"""An event, and when it counts."""


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
        try:
            await self._fill(page, query, place)
        except DecimalException as error:
            # What the log holds adds up exactly; what a client wrote into a token may not.
            if place is None:
                raise
            raise PageTokenInvalid from error
        return page

    async def _fill(self, page: ChangePage, query: ChangeQuery, place: ChangePlace | None) -> None:
        """Walk along positions, from a place on, until the page is full."""
        async with self._postgres.transaction() as connection:
            actions = await store.actions(connection, query)
            first = place.key if place else None
            for known in await store.positions(connection, query, first):
                start = place if place and place.key == known.key else ChangePlace(known.key)
                happened = Happened(connection, query, actions.get(known.key.instrument, ()))
                page.next = await self._walk(query, happened.after(start, known), start, page)
                if page.next is not None:
                    return

    async def _walk(
        self,
        query: ChangeQuery,
        events: AsyncIterator[Moved],
        place: ChangePlace,
        page: ChangePage,
    ) -> ChangePlace | None:
        """Add a position's changes to the page; return where they stopped fitting, if they did."""
        position = self._position(place.key)
        facts = position.instrument
        walk = Purse() if facts is None else Walk(place.key, facts, place.held)
        async for moment, event in events:
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


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened to a position: its fills, its income, and the actions of its instrument."""

    connection: Connection
    query: ChangeQuery
    actions: Sequence[Placed[Action]]

    async def after(self, place: ChangePlace, known: Known) -> AsyncIterator[Moved]:
        """Yield what happened after a place, in the order in which it counts."""
        time_ns, is_fill, number = place.moment
        filled = (time_ns, number if is_fill else -1)
        start_ns = self.query.start_ns
        if start_ns and not (place.is_within or self._was_split):
            # What came before nothing was held leaves no trace, and there may be years of it.
            filled = await store.flat_at(self.connection, place.key, start_ns) or filled
        sources = [
            _moved(store.fills(self.connection, place.key, filled, self.query.end_ns)),
            self._actions(place),
        ]
        if known.is_paid:
            # Fills of a moment come after all else of it.
            paid = (time_ns, LATEST_NS if is_fill else number)
            sources.append(_moved(store.incomes(self.connection, self.query, place.key, paid)))
        async for moved in _merged(sources):
            yield moved

    @property
    def _was_split(self) -> bool:
        start_ns = self.query.start_ns
        return any(isinstance(one, Split) and one.time_ns < start_ns for _, one in self.actions)

    async def _actions(self, place: ChangePlace) -> AsyncIterator[Moved]:
        for number, action in self.actions:
            moment = (*order_of(action), number)
            if moment > place.moment and concerns(action, place.key.account):
                yield moment, action


async def _moved(source: AsyncIterator[Placed[Event]]) -> AsyncIterator[Moved]:
    async for number, event in source:
        yield (*order_of(event), number), event


async def _merged(sources: Sequence[AsyncIterator[Moved]]) -> AsyncIterator[Moved]:
    """Yield what all sources have, each in its order, in the order of all."""
    heads = [(*head, source) for source in sources if (head := await anext(source, None))]
    while heads:
        heads.sort(key=lambda head: head[0], reverse=True)
        moment, event, source = heads.pop()
        yield moment, event
        if head := await anext(source, None):
            heads.append((*head, source))
