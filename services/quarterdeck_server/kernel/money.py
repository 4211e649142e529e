"""Exact money: decimals that never round unasked, and amounts that know their currency.

Sums and products run in ``EXACT``, which raises instead of rounding. What cannot be exact (a
quotient, a conversion) goes through a function here that says to which decimal it rounds.
"""

import re
from contextlib import AbstractContextManager
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from functools import cache, lru_cache

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.value import value

MAX_DECIMALS = 18
"""The most decimals an input may have; finer ones are refused, not rounded."""

MAX_INTEGER_DIGITS = 18
"""The most digits before the point that an input may have."""

ZERO = Decimal(0)

# Price x quantity x multiplier has at most 3 x (18 + 18) digits; the rest is room for sums.
_SIGNALS = [InvalidOperation, DivisionByZero, Overflow, FloatOperation]
EXACT = Context(prec=128, rounding=ROUND_HALF_EVEN, traps=[*_SIGNALS, Inexact])
_ROUNDING = Context(prec=256, rounding=ROUND_HALF_EVEN, traps=[*_SIGNALS])
_QUANTUM = Decimal("1E-36")
_UNIT = Decimal(1)
_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,15}", re.ASCII)


class CurrencyMismatch(InvalidField):
    """An amount in one currency stands where another one is due."""

    def __init__(self, field: str, expected: str, actual: str) -> None:
        problem = f"must be in {expected}, was in {actual}"
        super().__init__(field, problem, expected=expected, actual=actual)


def exact() -> AbstractContextManager[Context]:
    """Run decimal arithmetic that raises ``Inexact`` rather than lose a digit."""
    return localcontext(EXACT)


def quotient(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Divide and round half to even at the 36th decimal."""
    return _ROUNDING.quantize(_ROUNDING.divide(dividend, divisor), _QUANTUM)


def portion(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Return ``amount * part / whole``, rounded once, at the 36th decimal."""
    return quotient(_ROUNDING.multiply(amount, part), whole)


def product(left: Decimal, right: Decimal) -> Decimal:
    """Multiply and round half to even at the 36th decimal; for rates, whose digits pile up."""
    return _ROUNDING.quantize(_ROUNDING.multiply(left, right), _QUANTUM)


def rounded(value: Decimal | float, decimals: int) -> Decimal:
    """Round half to even at a decimal; also the way from a float statistic to a decimal."""
    number = _ROUNDING.create_decimal_from_float(value) if isinstance(value, float) else value
    return _ROUNDING.quantize(number, _quantum(decimals))


@cache
def _quantum(decimals: int) -> Decimal:
    return _UNIT.scaleb(-decimals)


def trimmed(value: Decimal) -> Decimal:
    """Drop the trailing zeros after the point, and write no exponent."""
    if value == value.to_integral_value():
        return _ROUNDING.quantize(value, _UNIT)
    return _ROUNDING.normalize(value)


def checked(field: str, value: Decimal) -> Decimal:
    """Return a number that is finite and within the digits the ledger keeps exactly."""
    if not value.is_finite():
        raise InvalidField(field, f"must be a finite number, was {value}")
    if value and value.adjusted() >= MAX_INTEGER_DIGITS:
        raise InvalidField(field, f"must be below 1e{MAX_INTEGER_DIGITS}")
    if _decimals(value) <= MAX_DECIMALS:
        return value
    shorter = _ROUNDING.normalize(value)
    if _decimals(shorter) > MAX_DECIMALS:
        raise InvalidField(field, f"must have at most {MAX_DECIMALS} decimals")
    return shorter


def positive(field: str, value: Decimal) -> Decimal:
    """Return a number that is finite, in range and above zero."""
    number = checked(field, value)
    if number <= ZERO:
        raise InvalidField(field, f"must be above zero, was {value}")
    return number


def parsed(field: str, text: str) -> Decimal:
    """Read a decimal as the contract writes it; no underscores, no ``NaN``, no ``Infinity``."""
    if not _NUMBER.fullmatch(text):
        raise InvalidField(field, "must be a decimal number")
    return checked(field, Decimal(text))


def currency_code(field: str, code: str) -> str:
    """Return a currency code of capital letters and digits, such as ``USD`` or ``USDT``."""
    if not _is_currency(code):
        raise InvalidField(field, "must be a currency code such as USD")
    return code


@lru_cache(1_000)
def _is_currency(code: str) -> bool:
    # Asked of every amount, and there are few currencies.
    return _CURRENCY.fullmatch(code) is not None


def _decimals(value: Decimal) -> int:
    # Asked of every amount: a text is made sooner than a tuple of digits.
    text = str(value)
    if "E" not in text:
        return len(text.partition(".")[2])
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


@value
class Money:
    """An exact amount of one currency; amounts of different currencies never add up."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not self.amount.is_finite():
            raise InvalidField("amount", f"must be a finite number, was {self.amount}")
        currency_code("currency", self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(EXACT.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(EXACT.subtract(self.amount, self._same(other)), self.currency)

    def __neg__(self) -> "Money":
        return Money(EXACT.minus(self.amount), self.currency)

    def _same(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatch("currency", self.currency, other.currency)
        return other.amount
