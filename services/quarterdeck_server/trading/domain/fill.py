"""Fills as the log keeps them."""

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from quarterdeck_server.kernel.errors import InvalidField

type Holding = tuple[str, str, str]
"""An account, a strategy and an instrument."""


class OrderSide(IntEnum):
    """Whether it buys or sells; the numbers are those of the contract."""

    BUY = 1
    SELL = 2


@dataclass(frozen=True, slots=True)
class FillKey:
    """What makes a fill the same fill, whoever tells it.

    The trade's identifier alone is not enough: a simulated venue counts its trades anew after a
    restart.
    """

    account: str
    instrument: str
    client_order_id: str
    trade_id: str


@dataclass(frozen=True, slots=True)
class Fill:
    """An execution of an order or of a part of it."""

    event_id: str
    trade_id: str
    client_order_id: str
    venue_order_id: str
    account: str
    strategy: str
    instrument: str
    node: str
    side: OrderSide
    quantity: Decimal
    price: Decimal
    fee: Decimal | None
    fee_currency: str
    liquidity_side: int
    event_time_ns: int
    order_unknown: bool = False
    is_late: bool = False

    @property
    def holding(self) -> Holding:
        """The position that it changes."""
        return (self.account, self.strategy, self.instrument)

    @property
    def key(self) -> FillKey:
        """What makes it the same fill, whoever tells it."""
        return FillKey(self.account, self.instrument, self.client_order_id, self.trade_id)


def check_repeat(known: Fill, told: Fill, path: str) -> None:
    """Refuse a fill that has the identifiers of another one, naming the field below ``path``."""
    if (known.side, known.quantity, known.price) != (told.side, told.quantity, told.price):
        problem = f"{told.trade_id} was used for another fill of the order"
        raise InvalidField(f"{path}.fill.trade_id", problem)
