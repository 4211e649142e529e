"""One position while it lives: the basis, what it realised, what it paid."""

from dataclasses import dataclass
from decimal import Decimal

from quarterdeck_server.kernel.money import ZERO, Money, rounded, trimmed
from quarterdeck_server.trading.portfolio.basis import Basis, Lot
from quarterdeck_server.trading.portfolio.events import Fill, PositionKey
from quarterdeck_server.trading.portfolio.instrument import Instrument, Settlement
from quarterdeck_server.trading.portfolio.marks import Mark
from quarterdeck_server.trading.portfolio.position import ChangeKind, Position

PRICE_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fill did, in the instrument's currency; the fee is apart."""

    kind: ChangeKind
    realised: Decimal
    cash: Decimal


@dataclass(slots=True)
class Life:
    """The counters and times of a position; see ``Position``."""

    peak_quantity: Decimal = ZERO
    fill_count: int = 0
    opened_ns: int = 0
    updated_ns: int = 0
    closed_ns: int | None = None


class Holding:
    """The mutable state behind a ``Position``. Its methods run inside ``money.exact()``."""

    __slots__ = ("basis", "fees", "instrument", "key", "life", "realised", "row")

    def __init__(self, key: PositionKey, instrument: Instrument, basis: Basis, row: int) -> None:
        self.key = key
        self.instrument = instrument
        self.basis = basis
        self.row = row
        self.realised = ZERO
        self.fees: dict[str, Decimal] = {}
        self.life = Life()

    def apply(self, fill: Fill) -> Outcome:
        """Close against the open side first, open with what is left."""
        before = self.basis.quantity
        change = fill.signed_quantity
        closing = _closing(before, change)
        realised = self._close(closing, fill.price)
        self._open(change - closing, fill)
        kind = _kind(before, self.basis.quantity)
        self._count(kind, fill)
        return Outcome(kind, realised, self._cash(change, realised, fill.price))

    def pay(self, fee: Money) -> None:
        """Count a fee of this position."""
        self.fees[fee.currency] = self.fees.get(fee.currency, ZERO) + fee.amount

    def view(self, mark: Mark | None) -> Position:
        """Return the position at a mark, in exact numbers."""
        quantity, life = self.basis.quantity, self.life
        worth = None if mark is None else self.instrument.worth(quantity, mark.price)
        unrealised = None if worth is None else worth - self.basis.cost
        return Position(
            key=self.key,
            currency=self.instrument.currency,
            quantity=quantity,
            average_price=self._average_price(),
            cost=self.basis.cost,
            realised=self.realised,
            fees=tuple(Money(self.fees[currency], currency) for currency in sorted(self.fees)),
            mark=mark,
            unrealised=unrealised,
            market_value=unrealised if self._is_margined else worth,
            exposure=-worth if self.instrument.is_inverse and worth is not None else worth,
            peak_quantity=life.peak_quantity,
            fill_count=life.fill_count,
            opened_ns=life.opened_ns,
            updated_ns=life.updated_ns,
            closed_ns=life.closed_ns,
        )

    @property
    def own_fees(self) -> Decimal:
        """The fees in the instrument's currency."""
        return self.fees.get(self.instrument.currency, ZERO)

    @property
    def _is_margined(self) -> bool:
        return self.instrument.settlement is Settlement.MARGINED

    def _close(self, closing: Decimal, price: Decimal) -> Decimal:
        if not closing:
            return ZERO
        released = self.basis.close(-closing)
        realised = self.instrument.worth(-closing, price) - released
        self.realised += realised
        return realised

    def _open(self, opening: Decimal, fill: Fill) -> None:
        if opening:
            cost = self.instrument.worth(opening, fill.price)
            self.basis.open(Lot(opening, cost, fill.time_ns))

    def _cash(self, change: Decimal, realised: Decimal, price: Decimal) -> Decimal:
        return realised if self._is_margined else -self.instrument.worth(change, price)

    def _count(self, kind: ChangeKind, fill: Fill) -> None:
        life, size = self.life, abs(self.basis.quantity)
        life.fill_count += 1
        life.updated_ns = fill.time_ns
        if kind in {ChangeKind.OPENED, ChangeKind.FLIPPED}:
            life.opened_ns, life.peak_quantity = fill.time_ns, size
        life.peak_quantity = max(life.peak_quantity, size)
        life.closed_ns = fill.time_ns if kind is ChangeKind.CLOSED else None

    def _average_price(self) -> Decimal | None:
        if not self.basis.quantity:
            return None
        price = self.instrument.price_of(self.basis.quantity, self.basis.cost)
        return trimmed(rounded(price, PRICE_DECIMALS))


def _closing(held: Decimal, change: Decimal) -> Decimal:
    """Return the part of a change that takes the held quantity towards zero."""
    if (held > ZERO) == (change > ZERO):
        return ZERO
    return change if abs(change) <= abs(held) else -held


def _kind(before: Decimal, after: Decimal) -> ChangeKind:
    if not before:
        return ChangeKind.OPENED
    if not after:
        return ChangeKind.CLOSED
    if (before > ZERO) != (after > ZERO):
        return ChangeKind.FLIPPED
    return ChangeKind.INCREASED if abs(after) > abs(before) else ChangeKind.REDUCED
