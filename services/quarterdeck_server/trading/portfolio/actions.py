"""Corporate actions: what happens to everybody who holds an instrument at a moment."""

from dataclasses import dataclass
from decimal import Decimal

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.money import (
    MAX_DECIMALS,
    ZERO,
    Money,
    portion,
    positive,
    rounded,
    trimmed,
)

SMALLEST = Decimal(1).scaleb(-MAX_DECIMALS)


@dataclass(frozen=True, slots=True)
class Split:
    """``numerator`` new units for ``denominator`` old ones; what they cost stays as it was."""

    id: str
    instrument: str
    numerator: Decimal
    denominator: Decimal
    time_ns: int

    def __post_init__(self) -> None:
        _named(self.instrument)
        positive("split.numerator", self.numerator)
        positive("split.denominator", self.denominator)

    def quantity(self, old: Decimal) -> Decimal:
        """Return the new quantity of an old one, rounded at the last decimal of a quantity."""
        new = portion(old, self.numerator, self.denominator)
        return trimmed(rounded(new, MAX_DECIMALS))

    def price(self, old: Decimal) -> Decimal:
        """Return the price after it that is worth what an old one was."""
        new = trimmed(rounded(portion(old, self.denominator, self.numerator), MAX_DECIMALS))
        return new if new or not old else SMALLEST.copy_sign(old)


@dataclass(frozen=True, slots=True)
class Dividend:
    """Cash for each unit held; who is short pays it. An empty ``account`` means all of them."""

    id: str
    instrument: str
    per_unit: Money
    time_ns: int
    account: str = ""

    def __post_init__(self) -> None:
        _named(self.instrument)
        positive("cash_dividend.amount", self.per_unit.amount)

    def amount(self, quantity: Decimal, multiplier: Decimal) -> Decimal:
        """Return what a signed quantity receives; call it inside ``money.exact()``."""
        return quantity * multiplier * self.per_unit.amount if quantity else ZERO


type Action = Split | Dividend


def concerns(action: Action, account: str) -> bool:
    """Tell whether an action happens to the positions of an account."""
    return isinstance(action, Split) or action.account in {"", account}


def _named(instrument: str) -> None:
    if not instrument:
        raise InvalidField("instrument", "must not be empty")
