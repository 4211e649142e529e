"""Following the log: what it has and the desk has not.

A position whose fills came in the order of the market's time takes them one by one. One that a late
fill, a correction or a bust changed is taken anew from all of its fills, once.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from quarterdeck_server.kernel.money import Money
from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.domain.fill import Fill, Holding, OrderSide
from quarterdeck_server.trading.domain.retold import Anew
from quarterdeck_server.trading.portfolio import (
    BEGINNING,
    Action,
    Flow,
    PositionKey,
    Side,
    concerns,
)
from quarterdeck_server.trading.portfolio import Fill as BookFill
from quarterdeck_server.trading.retelling import holding_of, position_key, taken_anew
from quarterdeck_server.trading.store import adjustments, load
from quarterdeck_server.trading.store.load import Amended, Moved


@dataclass(frozen=True, slots=True)
class Moves:
    """What a batch does to positions: fills that are taken one by one, and positions anew."""

    timely: Sequence[BookFill] = ()
    anew: Anew = field(default_factory=dict)


async def follow(desk: Desk, connection: Connection, until: int) -> None:
    """Apply what the log has after the desk's position, up to one that nothing can change now.

    If it fails on the way, the desk knows how far each position is, and the next one goes on.
    """
    acted = await _acted(desk, connection, until)
    async for page in load.movements(connection, desk.position, until):
        changed = {
            holding
            for position, movement in page
            for holding in _out_of_order(movement, acted)
            if not _is_told(desk, position_key(holding), position)
        }
        anew = await _anew(desk, connection, changed, until)
        for position, movement in page:
            key = _key(movement)
            if key is not None and key in anew and not _is_told(desk, key, position):
                # Where it comes first in the log, so that it has its place among the others.
                desk.replay(key, anew[key])
                desk.ahead[key] = until
            _move(desk, movement, position)
    desk.position = until
    desk.ahead.clear()


async def _acted(desk: Desk, connection: Connection, until: int) -> set[str]:
    """Take the corporate actions first, and replay who held their instruments already.

    Whose fills are still to come is replayed then: an action may be of an earlier time.
    """
    actions = await adjustments.actions_between(connection, desk.position, until)
    fresh = [one for one in actions if one not in desk.average.actions(one.instrument)]
    held = {
        holding_of(key): None
        for action in fresh
        for key in desk.average.holders(action.instrument)
        if concerns(action, key.account)
    }
    anew = await _anew(desk, connection, held, until, fresh)
    for action in fresh:
        desk.learn(action)
    for key, retold in anew.items():
        desk.replay(key, retold)
        desk.ahead[key] = until
    return {action.instrument for action in actions}


async def _anew(
    desk: Desk,
    connection: Connection,
    changed: Iterable[Holding],
    until: int,
    fresh: Sequence[Action] = (),
) -> Anew:
    """Take positions anew from their beginning: what else changed is still to be read."""
    since = dict.fromkeys(changed, BEGINNING)
    return await taken_anew(desk, connection, since, until, fresh)


def book_fill(fill: Fill) -> BookFill:
    """Return a fill as the portfolio takes it."""
    return BookFill(
        id=fill.event_id,
        account=fill.account,
        instrument=fill.instrument,
        strategy=fill.strategy,
        side=Side.BUY if fill.side is OrderSide.BUY else Side.SELL,
        quantity=fill.quantity,
        price=fill.price,
        time_ns=fill.event_time_ns,
        fee=None if fill.fee is None else Money(fill.fee, fill.fee_currency),
    )


def _out_of_order(movement: Moved, acted: Collection[str]) -> Iterator[Holding]:
    match movement:
        case Amended():
            yield movement.holding
        case Fill() if movement.is_late or movement.is_busted or movement.correction_count:
            yield movement.holding
        case Fill() if movement.instrument in acted:
            yield movement.holding


def _key(movement: Moved) -> PositionKey | None:
    return position_key(movement.holding) if isinstance(movement, Fill | Amended) else None


def _is_told(desk: Desk, key: PositionKey, position: int) -> bool:
    return position <= desk.ahead.get(key, 0)


def _move(desk: Desk, movement: Moved, position: int) -> None:
    match movement:
        case Flow():
            desk.transfer(movement, position)
        case Fill() if not _is_told(desk, position_key(movement.holding), position):
            desk.apply(book_fill(movement), position)
