"""One position while it lives: the basis, what it realised, what it paid and received."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from quarterdeck_server.kernel.money import ZERO, CurrencyMismatch, Money, rounded, trimmed
from quarterdeck_server.kernel.value import value
from quarterdeck_server.trading.portfolio.actions import Dividend, Split
from quarterdeck_server.trading.portfolio.basis import Basis, Lot
from quarterdeck_server.trading.portfolio.events import Fill, PositionKey
from quarterdeck_server.trading.portfolio.instrument import Instrument, Settlement
from quarterdeck_server.trading.portfolio.marks import Mark
from quarterdeck_server.trading.portfolio.past import BEGINNING, Milestone, Past
from quarterdeck_server.trading.portfolio.position import ChangeKind, Position

PRICE_DECIMALS = 18


@value
class Outcome:
    """What a fill did, in the instrument's currency; the fee is apart."""

    kind: ChangeKind
    realised: Decimal
    cash: Decimal


@dataclass(frozen=True, slots=True)
class Standing:
    """What a holding adds to the sums of its strategy and account; all but the first by currency.

    ``cash`` is what fills, their fees and dividends moved.
    """

    realised: Decimal
    fees: Mapping[str, Decimal]
    dividends: Mapping[str, Decimal]
    cash: Mapping[str, Decimal]


@dataclass(slots=True)
class Life:
    """The counters and times of a position; see ``Position``."""

    peak_quantity: Decimal = ZERO
    fill_count: int = 0
    opened_ns: int = 0
    filled_ns: int = 0
    price: Decimal | None = None
    updated_ns: int = 0
    closed_ns: int | None = None

    def copy(self) -> "Life":
        """Return one that goes its own way from here."""
        return Life(
            self.peak_quantity,
            self.fill_count,
            self.opened_ns,
            self.filled_ns,
            self.price,
            self.updated_ns,
            self.closed_ns,
        )


class Holding:
    """The mutable state behind a ``Position``. Its methods run inside ``money.exact()``."""

    __slots__ = (
        *("basis", "dividends", "fees", "instrument", "key", "life", "past"),
        *("realised", "received", "row"),
    )

    def __init__(self, key: PositionKey, instrument: Instrument, basis: Basis, row: int) -> None:
        self.key = key
        self.instrument = instrument
        self.basis = basis
        self.row = row
        self.realised = ZERO
        self.fees: dict[str, Decimal] = {}
        # What flows brought stays when the fills are taken anew; what dividends brought does not.
        self.received: dict[str, Decimal] = {}
        self.dividends: dict[str, Decimal] = {}
        self.life = Life()
        self.past: Past[Holding] = Past()

    def take(self, movement: Fill | Split | Dividend) -> None:
        """Take whatever happened next, a fill with its fee."""
        match movement:
            case Fill():
                self.apply(movement)
                if movement.fee is not None:
                    self.pay(movement.fee)
            case Split():
                self.split(movement)
            case Dividend():
                self.dividend(movement)

    def apply(self, fill: Fill) -> Outcome:
        """Close against the open side first, open with what is left."""
        life, before = self.life, self.basis.quantity
        if self.past.is_due(life.fill_count) and fill.time_ns > life.updated_ns:
            self.past.keep(Milestone(life.updated_ns, life.fill_count, self.copy()))
        change = fill.signed_quantity
        closing = _closing(before, change)
        realised = self._close(closing, fill.price)
        self._open(change - closing, fill)
        kind = _kind(before, self.basis.quantity)
        self._count(kind, fill)
        return Outcome(kind, realised, self._cash(change, realised, fill.price))

    def copy(self) -> "Holding":
        """Return one that goes its own way from here."""
        twin = Holding(self.key, self.instrument, self.basis.copy(), self.row)
        twin.realised, twin.life = self.realised, self.life.copy()
        twin.fees, twin.received = dict(self.fees), dict(self.received)
        twin.dividends = dict(self.dividends)
        twin.past = Past(counted=self.life.fill_count)
        return twin

    @property
    def known_ns(self) -> int:
        """The time up to which it knows everything; a dividend of nothing changes nothing."""
        return self.life.updated_ns if self.life.fill_count else BEGINNING

    def before(self, time_ns: int) -> "Holding | None":
        """Return a copy of what it was before a time, if that is known; flows count as now."""
        past = self.past.before(time_ns)
        state = self if self.known_ns < time_ns else past.newest
        if state is None:
            return None
        twin = state.copy()
        twin.received, twin.past = dict(self.received), past
        return twin

    def become(self, other: "Holding") -> None:
        """Be what another one is made of; what flows brought stays."""
        self.basis, self.realised, self.life = other.basis, other.realised, other.life
        self.fees, self.dividends, self.past = other.fees, other.dividends, other.past

    def pay(self, fee: Money) -> None:
        """Count a fee of this position."""
        _count_money(self.fees, fee)

    def receive(self, income: Money) -> None:
        """Count income that a flow brought."""
        _count_money(self.received, income)

    def split(self, split: Split) -> Decimal:
        """Change the open quantity, and return what was realised: of dust that vanished."""
        life, held = self.life, self.basis.quantity
        if not held:
            return ZERO
        life.updated_ns = max(life.updated_ns, split.time_ns)
        life.peak_quantity = split.quantity(life.peak_quantity)
        if split.quantity(held):
            self.basis.split(split.quantity)
            return ZERO
        realised = -self.basis.close(held)
        life.closed_ns = split.time_ns
        self.realised += realised
        return realised

    def dividend(self, dividend: Dividend) -> Decimal:
        """Count and return what the open quantity receives."""
        amount = dividend.amount(self.basis.quantity, self.instrument.multiplier)
        if amount:
            _count_money(self.dividends, Money(amount, dividend.per_unit.currency))
            self.life.updated_ns = max(self.life.updated_ns, dividend.time_ns)
        return amount

    def income(self) -> dict[str, Decimal]:
        """Return what flows and dividends brought, by currency."""
        both = self.received | self.dividends
        return {
            currency: self.received.get(currency, ZERO) + self.dividends.get(currency, ZERO)
            for currency in both
        }

    def standing(self) -> Standing:
        """Return what it adds to sums now."""
        own = self.realised if self._is_margined else self.realised - self.basis.cost
        traded = difference({self.instrument.currency: own}, self.fees)
        cash = difference(self.dividends, {name: -amount for name, amount in traded.items()})
        return Standing(self.realised, dict(self.fees), dict(self.dividends), cash)

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
            fees=_by_currency(self.fees),
            income=_by_currency(self.income()),
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
    def own_income(self) -> Decimal:
        """The income in the instrument's currency."""
        currency = self.instrument.currency
        return self.received.get(currency, ZERO) + self.dividends.get(currency, ZERO)

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
        if fill.time_ns >= life.filled_ns:
            life.filled_ns, life.price = fill.time_ns, fill.price
        life.updated_ns = max(life.updated_ns, fill.time_ns)
        if kind in {ChangeKind.OPENED, ChangeKind.FLIPPED}:
            life.opened_ns, life.peak_quantity = fill.time_ns, size
        life.peak_quantity = max(life.peak_quantity, size)
        life.closed_ns = fill.time_ns if kind is ChangeKind.CLOSED else None

    def _average_price(self) -> Decimal | None:
        if not self.basis.quantity:
            return None
        price = self.instrument.price_of(self.basis.quantity, self.basis.cost)
        return trimmed(rounded(price, PRICE_DECIMALS))


def check_fill(instrument: Instrument, fill: Fill) -> None:
    """Refuse a fill that cannot be one of the instrument."""
    instrument.check_sign("price", fill.price)
    if fill.currency not in {None, instrument.currency}:
        raise CurrencyMismatch("currency", instrument.currency, str(fill.currency))


def difference(left: Mapping[str, Decimal], right: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return by how much each currency's left amount is above the right one."""
    currencies = dict.fromkeys((*left, *right))
    return {name: left.get(name, ZERO) - right.get(name, ZERO) for name in currencies}


def _count_money(amounts: dict[str, Decimal], money: Money) -> None:
    amounts[money.currency] = amounts.get(money.currency, ZERO) + money.amount


def _by_currency(amounts: Mapping[str, Decimal]) -> tuple[Money, ...]:
    return tuple(Money(amounts[currency], currency) for currency in sorted(amounts))


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
