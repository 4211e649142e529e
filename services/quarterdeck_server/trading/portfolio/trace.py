"""A position through the market's time: what it stood at after each thing that happened to it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from quarterdeck_server.kernel.money import ZERO
from quarterdeck_server.trading.portfolio.actions import Split
from quarterdeck_server.trading.portfolio.events import Fill
from quarterdeck_server.trading.portfolio.past import BEGINNING
from quarterdeck_server.trading.portfolio.replay import Movement, Replay


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


class Trace:
    """Follows a position from the state on that a replay begins with.

    Moments come oldest first. Of those before the state only the units are right. All is to be read
    inside ``money.exact()``.
    """

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self._price: Decimal | None = replay.holding.life.price
        self._units = 1.0

    def known(self) -> Iterator[Moment]:
        """Yield the splits that the state knows, and the state."""
        holding, known_ns = self._replay.holding, self._replay.known_ns
        for split in self._replay.known_actions:
            if isinstance(split, Split):
                self._units *= _ratio(split)
                if self._price is not None and split.time_ns > holding.life.filled_ns:
                    self._price = split.price(self._price)
                yield Moment(split.time_ns, ZERO, ZERO, ZERO, {}, {}, None, self._units)
        if known_ns > BEGINNING:
            yield self._moment(known_ns)

    def steps(self, fills: Iterable[Fill]) -> Iterator[Moment]:
        """Yield what the next fills make of it, given in the order in which they count."""
        yield from map(self._after, self._replay.steps(fills))

    def rest(self) -> Iterator[Moment]:
        """Yield what happened after the last fill."""
        yield from map(self._after, self._replay.rest())

    def _after(self, movement: Movement) -> Moment:
        match movement:
            case Fill():
                self._price = movement.price
            case Split():
                self._price = None if self._price is None else movement.price(self._price)
                self._units *= _ratio(movement)
        return self._moment(movement.time_ns)

    def _moment(self, time_ns: int) -> Moment:
        holding = self._replay.holding
        return Moment(
            time_ns=time_ns,
            quantity=holding.basis.quantity,
            cost=holding.basis.cost,
            realised=holding.realised,
            fees=dict(holding.fees),
            dividends=dict(holding.dividends),
            price=self._price,
            units=self._units,
        )


def _ratio(split: Split) -> float:
    return float(split.numerator) / float(split.denominator)
