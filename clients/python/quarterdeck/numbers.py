"""Exact numbers: scaled integers of columns and decimals of messages."""

import math
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from google.type import decimal_pb2

from quarterdeck.errors import invalid_field

type Number = int | float | Decimal

MAX_SCALED = 2**63 - 1


def decimal(message: decimal_pb2.Decimal) -> Decimal:
    """Read a decimal of a message; an empty one is zero."""
    return Decimal(message.value or "0")


def decimal_message(value: Decimal | int | str) -> decimal_pb2.Decimal:
    """Make a decimal for a message, without an exponent."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise invalid_field("value", f"must be a decimal, was {value}") from None
    if not number.is_finite():
        raise invalid_field("value", f"must be finite, was {value}")
    return decimal_pb2.Decimal(value=f"{number:f}")


def unscaled(column: Iterable[int], precision: int) -> list[Decimal]:
    """Turn scaled integers into decimals with ``precision`` digits after the point."""
    return [Decimal(value).scaleb(-precision) for value in column]


def scaled(column: Iterable[Number], precision: int, path: str) -> list[int]:
    """Turn numbers into integers scaled by 10^precision.

    A float is rounded to the precision, since it is seldom exact; a Decimal with more digits is
    refused, since it is meant. Raises InvalidRequest naming for example ``quotes[0].bid_price[3]``.
    """
    return [_scaled(value, precision, f"{path}[{i}]") for i, value in enumerate(column)]


def _scaled(value: Number, precision: int, path: str) -> int:
    if not math.isfinite(value):
        raise invalid_field(path, f"must be finite, was {value}")
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    moved = exact.scaleb(precision)
    number = int(moved.to_integral_value())
    if number != moved and isinstance(value, Decimal):
        raise invalid_field(path, f"must have at most {precision} digits after the point")
    if abs(number) > MAX_SCALED:
        raise invalid_field(path, f"must fit 64 bits when scaled, was {value}")
    return number
