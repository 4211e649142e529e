"""A walk along one position: what each thing that happened did to it, at average cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from quarterdeck_server.kernel.money import ZERO, Money, exact, portion
from quarterdeck_server.trading.portfolio.actions import Action, Dividend, Split
from quarterdeck_server.trading.portfolio.basis import CostMethod, Lot, new_basis
from quarterdeck_server.trading.portfolio.events import Fill, Flow, PositionKey
from quarterdeck_server.trading.portfolio.holding import Holding
from quarterdeck_server.trading.portfolio.instrument import Instrument


class StepKind(Enum):
    """What happened to a position; values are those of the contract."""

    CARRIED = 1
    OPENED = 2
    CLOSED = 3
    SPLIT = 4
    INCOME = 5


@dataclass(frozen=True, slots=True)
class Held:
    """A signed quantity and what it cost."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a position; ``held`` is what it left."""

    kind: StepKind
    time_ns: int
    held: Held
    change: Decimal = ZERO
    price: Decimal | None = None
    realised: Decimal = ZERO
    fee: Decimal = ZERO
    income: Decimal = ZERO
    currency: str = ""
    """Of the fee or the income; empty without either."""
    event_id: str = ""


type Event = Fill | Action | Flow
"""What may happen to a position."""


class Walk:
    """Takes the events of one position in the order in which they count."""

    def __init__(self, key: PositionKey, instrument: Instrument, held: Held) -> None:
        lots = (Lot(held.quantity, held.cost, 0),) if held.quantity else ()
        with exact():
            basis = new_basis(CostMethod.AVERAGE, lots)
        self._holding = Holding(key, instrument, basis, 0)
        self._last: tuple[int, Decimal] | None = None
        self._split_by = ZERO

    @property
    def held(self) -> Held:
        """What is held now."""
        return Held(self._holding.basis.quantity, self._holding.basis.cost)

    @property
    def carried(self) -> tuple[Step, ...]:
        """What is held now, as a step of its own: when it changed last, and the last fill's price.

        Its change is that by splits since that fill.
        """
        if not self.held.quantity or self._last is None:
            return ()
        time_ns, price = self._last
        return (Step(StepKind.CARRIED, time_ns, self.held, self._split_by, price),)

    def take(self, event: Event) -> tuple[Step, ...]:
        """Take an event, and return what it did: nothing, one thing, or two in a fill."""
        with exact():
            match event:
                case Fill():
                    return tuple(self._fill(event))
                case Split():
                    return tuple(self._split(event))
                case Dividend():
                    amount = self._holding.dividend(event)
                    return received(event, Money(amount, event.per_unit.currency), self.held)
                case Flow():
                    return received(event, event.money, self.held)

    def _fill(self, fill: Fill) -> Iterator[Step]:
        before = self.held
        outcome = self._holding.apply(fill)
        self._last, self._split_by = (fill.time_ns, fill.price), ZERO
        closed, opened = _parts(before.quantity, fill.signed_quantity)
        fees = _shared(fill, closed)
        if closed:
            left = Held() if opened else self.held
            yield self._part(fill, StepKind.CLOSED, closed, left, fees[0], outcome.realised)
        if opened:
            yield self._part(fill, StepKind.OPENED, opened, self.held, fees[1], ZERO)

    def _part(
        self,
        fill: Fill,
        kind: StepKind,
        change: Decimal,
        held: Held,
        fee: Decimal,
        realised: Decimal,
    ) -> Step:
        return Step(
            kind=kind,
            time_ns=fill.time_ns,
            held=held,
            change=change,
            price=fill.price,
            realised=realised,
            fee=fee,
            currency="" if fill.fee is None else fill.fee.currency,
            event_id=fill.id,
        )

    def _split(self, split: Split) -> Iterator[Step]:
        before = self.held
        realised = self._holding.split(split)
        if self._last is not None:
            self._last = (split.time_ns, split.price(self._last[1]))
        if before.quantity:
            change = self.held.quantity - before.quantity
            self._split_by += change
            yield Step(
                kind=StepKind.SPLIT,
                time_ns=split.time_ns,
                held=self.held,
                change=change,
                realised=realised,
                event_id=split.id,
            )


class Purse:
    """Takes income that belongs to no position."""

    held = Held()
    carried: tuple[Step, ...] = ()

    def take(self, event: Event) -> tuple[Step, ...]:
        """Take an event, and return what it did."""
        return received(event, event.money, self.held) if isinstance(event, Flow) else ()


def received(event: Dividend | Flow, money: Money, held: Held) -> tuple[Step, ...]:
    """Return what income did, if it was any."""
    if not money.amount:
        return ()
    step = Step(
        kind=StepKind.INCOME,
        time_ns=event.time_ns,
        held=held,
        income=money.amount,
        currency=money.currency,
        event_id=event.id,
    )
    return (step,)


def _parts(held: Decimal, change: Decimal) -> tuple[Decimal, Decimal]:
    """Return which part of a change closes what is held, and which opens."""
    if not held or (held > ZERO) == (change > ZERO):
        return ZERO, change
    closed = change if abs(change) <= abs(held) else -held
    return closed, change - closed


def _shared(fill: Fill, closed: Decimal) -> tuple[Decimal, Decimal]:
    """Return the parts of a fee that belong to what was closed and to what was opened."""
    if fill.fee is None:
        return ZERO, ZERO
    fee = fill.fee.amount
    if abs(closed) == fill.quantity:
        return fee, ZERO
    of_closed = portion(fee, abs(closed), fill.quantity)
    return of_closed, fee - of_closed
