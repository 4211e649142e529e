"""The engine's words and numbers to those of the contract and back."""

from decimal import Decimal

from google.type.decimal_pb2 import Decimal as DecimalMessage
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import LiquiditySide as EngineLiquidity
from nautilus_trader.model.enums import OrderSide as EngineSide
from nautilus_trader.model.enums import OrderType as EngineOrderType
from nautilus_trader.model.enums import TimeInForce as EngineTimeInForce
from nautilus_trader.model.objects import FIXED_PRECISION, Price, Quantity

from quarterdeck.api.trading.v1.fill_pb2 import LiquiditySide
from quarterdeck.api.trading.v1.order_pb2 import OrderSide, OrderType, TimeInForce

UNITS = {"s": "SECOND", "m": "MINUTE", "h": "HOUR", "d": "DAY"}
LETTERS = {unit: letter for letter, unit in UNITS.items()}


def side(word: int) -> OrderSide.ValueType:
    """Translate a side."""
    return OrderSide.Value(f"ORDER_SIDE_{EngineSide(word).name}")


def order_type(word: int) -> OrderType.ValueType:
    """Translate an order type."""
    return OrderType.Value(f"ORDER_TYPE_{EngineOrderType(word).name}")


def time_in_force(word: int) -> TimeInForce.ValueType:
    """Translate a time in force."""
    return TimeInForce.Value(f"TIME_IN_FORCE_{EngineTimeInForce(word).name}")


def liquidity(word: int) -> LiquiditySide.ValueType:
    """Translate a liquidity side; the engine's absence of one is the contract's."""
    name = EngineLiquidity(word).name
    return LiquiditySide.Value(f"LIQUIDITY_SIDE_{name if name in MAKER_TAKER else 'UNSPECIFIED'}")


MAKER_TAKER = frozenset({"MAKER", "TAKER"})


def number(value: object) -> DecimalMessage:
    """Write a price, quantity or amount of money of the engine, exactly."""
    exact = value if isinstance(value, Decimal) else value.as_decimal()  # type: ignore[attr-defined]
    return DecimalMessage(value=f"{exact:f}")


def price(scaled: int, precision: int) -> Price:
    """Make a price from an integer scaled by 10^precision, exactly."""
    return Price.from_raw(scaled * 10 ** (FIXED_PRECISION - precision), precision)


def quantity(scaled: int, precision: int) -> Quantity:
    """Make a quantity from an integer scaled by 10^precision, exactly."""
    return Quantity.from_raw(scaled * 10 ** (FIXED_PRECISION - precision), precision)


def bar_type(instrument: str, interval: str) -> BarType:
    """Name the bars of an interval like "1d" as the engine does."""
    return BarType.from_str(f"{instrument}-{interval[:-1]}-{UNITS[interval[-1]]}-LAST-EXTERNAL")


def interval(wanted: BarType) -> str | None:
    """Name the interval of a bar type as the contract does; None if it has no such bars."""
    step, unit, _ = str(wanted.spec).split("-")
    return f"{step}{LETTERS[unit]}" if unit in LETTERS else None
