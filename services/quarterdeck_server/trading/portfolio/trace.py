"""A position through the market's time: what it stood at after each thing that happened to it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from quarterdeck_server.kernel.money import ZERO
from quarterdeck_server.trading.portfolio.actions import Split
from quarterdeck_server.trading.portfolio.events import Fill
from quarterdeck_server.trading.portfolio.holding import Holding
from quarterdeck_server.trading.portfolio.past import BEGINNING
from quarterdeck_server.trading.portfolio.replay import Replay, replayed


@dataclass(frozen=True, slots=True)
class Moment:
    """A position from a time on; ``price`` is that of its last fill, for want of a better one."""

    time_ns: int
    quantity: Decimal
    cost: Decimal
    realised: Decimal
    fees: Mapping[str, Decimal]
    dividends: Mapping[str, Decimal]
    price: Decimal | None
    units: float
    """How many units one of the first is by now: what splits multiplied them by."""


def trace(replay: Replay, fills: Iterable[Fill]) -> Iterator[Moment]:
    """Yield the moments of a position, oldest first, from the state on that a replay begins with.

    ``fills`` are given in the order of the log and count in the market's. Of earlier moments only
    the units are right. To be read inside ``money.exact()``.
    """
    holding, price, units = replay.holding, None, 1.0
    for moment in _known(replay):
        price, units = moment.price, moment.units
        yield moment
    for movement in replay.steps(fills):
        match movement:
            case Fill():
                price = movement.price
            case Split():
                price = None if price is None else movement.price(price)
                units *= _ratio(movement)
        yield _moment(holding, movement.time_ns, price, units)


def _known(replay: Replay) -> Iterator[Moment]:
    """Yield the splits that the state knows, and the state."""
    holding, units = replay.holding, 1.0
    price = holding.life.price
    for split in replayed(replay.actions):
        if isinstance(split, Split) and split.time_ns <= replay.known_ns:
            units *= _ratio(split)
            if price is not None and split.time_ns > holding.life.filled_ns:
                price = split.price(price)
            yield Moment(split.time_ns, ZERO, ZERO, ZERO, {}, {}, None, units)
    if replay.known_ns > BEGINNING:
        yield _moment(holding, replay.known_ns, price, units)


def _ratio(split: Split) -> float:
    return float(split.numerator) / float(split.denominator)


def _moment(holding: Holding, time_ns: int, price: Decimal | None, units: float) -> Moment:
    return Moment(
        time_ns=time_ns,
        quantity=holding.basis.quantity,
        cost=holding.basis.cost,
        realised=holding.realised,
        fees=dict(holding.fees),
        dividends=dict(holding.dividends),
        price=price,
        units=units,
    )
