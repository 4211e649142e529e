"""Taking positions anew from the log, without showing anything yet.

A position begins with the newest state that it kept from before what changed, so what is late by
seconds costs some fills. A whole life of fills is read and taken page by page, between which others
have their turn: threads would share the interpreter with them just the same.
"""

from collections.abc import Mapping, Sequence
from itertools import batched, groupby
from operator import itemgetter

from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.domain.fill import Holding
from quarterdeck_server.trading.domain.retold import Anew, Retold
from quarterdeck_server.trading.portfolio import Action, PositionKey
from quarterdeck_server.trading.store import replayed

AT_ONCE = 50
"""Positions that are looked up together; others have their turn after so many."""


async def taken_anew(
    desk: Desk,
    connection: Connection,
    since: Mapping[Holding, int],
    until: int,
    fresh: Sequence[Action] = (),
) -> Anew:
    """Return positions of which something since a time is not what it was, as the log makes them.

    ``until`` is a place of the log; ``fresh`` are corporate actions that the desk will learn.
    """
    anew: dict[PositionKey, Retold] = {}
    for some in batched(since.items(), AT_ONCE, strict=False):
        begun = {
            position_key(one): desk.books.retold(position_key(one), at, fresh) for one, at in some
        }
        wanted = [(holding_of(key), retold.known_ns) for key, retold in begun.items()]
        each = [*begun.values()]
        async for fills in replayed.pages(connection, wanted, until):
            for number, own in groupby(fills, key=itemgetter(0)):
                each[number].take([fill for _, fill in own])
        for retold in each:
            retold.finish()
        anew |= begun
    return anew


def position_key(holding: Holding) -> PositionKey:
    """Return a position as the portfolio names it."""
    account, strategy, instrument = holding
    return PositionKey(account, instrument, strategy)


def holding_of(key: PositionKey) -> Holding:
    """Return a position as the log names it."""
    return (key.account, key.strategy, key.instrument)
