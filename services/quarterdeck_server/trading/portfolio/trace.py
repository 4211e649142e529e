"""A position through the market's time: what it stood at after each thing that happened to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from quarterdeck_server.kernel.money import exact
from quarterdeck_server.trading.portfolio.actions import Split
from quarterdeck_server.trading.portfolio.basis import CostMethod, new_basis
from quarterdeck_server.trading.portfolio.events import Fill, PositionKey
from quarterdeck_server.trading.portfolio.holding import Holding
from quarterdeck_server.trading.portfolio.instrument import Instrument
from quarterdeck_server.trading.portfolio.replay import Movement, replayed


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


def trace(
    key: PositionKey, instrument: Instrument, movements: Iterable[Movement]
) -> tuple[Moment, ...]:
    """Return the moments of a position at average cost, oldest first.

    ``movements`` are given in the order of the log and count in the market's.
    """
    holding = Holding(key, instrument, new_basis(CostMethod.AVERAGE), 0)
    moments: list[Moment] = []
    price: Decimal | None = None
    units = 1.0
    with exact():
        for movement in replayed(movements):
            match movement:
                case Fill():
                    price = movement.price
                case Split():
                    price = None if price is None else movement.price(price)
                    units *= float(movement.numerator) / float(movement.denominator)
            holding.take(movement)
            moments.append(_moment(holding, movement.time_ns, price, units))
    return tuple(moments)


def _moment(holding: Holding, time_ns: int, price: Decimal | None, units: float) -> Moment:
    standing = holding.standing()
    return Moment(
        time_ns=time_ns,
        quantity=holding.basis.quantity,
        cost=holding.basis.cost,
        realised=standing.realised,
        fees=standing.fees,
        dividends=standing.dividends,
        price=price,
        units=units,
    )
