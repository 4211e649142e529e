"""What the engine must know of an instrument to turn prices into money."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.money import ZERO, checked, currency_code, positive, quotient

MAX_PRECISION = 18


class Settlement(Enum):
    """Whether holding the instrument costs its value or only its profit moves cash."""

    PAID = "paid"
    """Shares, bonds, options, spot pairs: cash pays the value, the position is worth it."""
    MARGINED = "margined"
    """Futures, perpetuals, differences: cash moves by realised profit, the position is worth
    its unrealised profit."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """The facts of one instrument; ``currency`` is the one in which its profit settles."""

    id: str
    currency: str
    multiplier: Decimal = Decimal(1)
    price_precision: int = 2
    size_precision: int = 0
    is_inverse: bool = False
    settlement: Settlement = Settlement.PAID
    base_currency: str | None = None
    quote_currency: str | None = None
    allows_negative_price: bool = False

    def __post_init__(self) -> None:
        _named("instrument.id", self.id)
        _currencies(self)
        positive("instrument.multiplier", self.multiplier)
        _precision("instrument.price_precision", self.price_precision)
        _precision("instrument.size_precision", self.size_precision)
        if self.is_inverse:
            _inverse(self)

    @property
    def pair(self) -> tuple[str, str] | None:
        """The base and quote currency if a price of this is an exchange rate between them."""
        if self.is_inverse or self.multiplier != 1 or self.settlement is not Settlement.PAID:
            return None
        if self.base_currency is None or self.quote_currency is None:
            return None
        return (self.base_currency, self.quote_currency)

    def checked_price(self, field: str, price: Decimal) -> Decimal:
        """Return a price this instrument can have."""
        price = checked(field, price)
        self.check_sign(field, price)
        return price

    def check_sign(self, field: str, price: Decimal) -> None:
        """Refuse a price, checked otherwise, that this instrument cannot have."""
        if price <= ZERO and not self.allows_negative_price:
            raise InvalidField(field, f"must be above zero, was {price}")

    def worth(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Return what a signed quantity counts for at a price: exact, or rounded if inverse.

        Its change is profit: ``quantity * multiplier * price``, or if inverse
        ``-quantity * multiplier / price``.
        """
        size = quantity * self.multiplier
        return quotient(-size, price) if self.is_inverse else size * price

    def price_of(self, quantity: Decimal, cost: Decimal) -> Decimal:
        """Return the price at which ``worth(quantity, price)`` is the cost."""
        size = quantity * self.multiplier
        if self.is_inverse:
            return quotient(-size, cost) if cost else ZERO
        return quotient(cost, size)

    def economics(self) -> tuple[object, ...]:
        """Return the facts that may not change while the ledger counts in them."""
        return (self.currency, self.multiplier, self.is_inverse, self.settlement)


def _named(field: str, text: str) -> None:
    if not text:
        raise InvalidField(field, "must not be empty")


def _currencies(instrument: Instrument) -> None:
    currency_code("instrument.currency", instrument.currency)
    if instrument.base_currency is not None:
        currency_code("instrument.base_currency", instrument.base_currency)
    if instrument.quote_currency is not None:
        currency_code("instrument.quote_currency", instrument.quote_currency)
    if instrument.pair is not None and instrument.quote_currency != instrument.currency:
        problem = f"must be the quote currency {instrument.quote_currency} of a spot pair"
        raise InvalidField("instrument.currency", problem)


def _precision(field: str, decimals: int) -> None:
    if not 0 <= decimals <= MAX_PRECISION:
        raise InvalidField(field, f"must be from 0 to {MAX_PRECISION}, was {decimals}")


def _inverse(instrument: Instrument) -> None:
    if instrument.settlement is not Settlement.MARGINED:
        raise InvalidField("instrument.settlement", "must be margined for an inverse contract")
    if instrument.allows_negative_price:
        problem = "must be false for an inverse contract"
        raise InvalidField("instrument.allows_negative_price", problem)
