"""Fills as the log keeps them."""

from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.money import ZERO
from quarterdeck_server.kernel.value import value

type Holding = tuple[str, str, str]
"""An account, a strategy and an instrument."""


class OrderSide(IntEnum):
    """Whether it buys or sells; the numbers are those of the contract."""

    BUY = 1
    SELL = 2


class FillKey(NamedTuple):
    """What makes a fill the same fill, whoever tells it.

    The trade's identifier alone is not enough: a simulated venue counts its trades anew after a
    restart.
    """

    account: str
    instrument: str
    client_order_id: str
    trade_id: str


@value
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
    position: int = 0
    order_unknown: bool = False
    is_late: bool = False
    correction_count: int = 0
    bust_time_ns: int | None = None

    def placed(self, position: int, *, order_unknown: bool, is_late: bool) -> "Fill":
        """Return it with its place in the log; written out, since it is asked of every fill."""
        return Fill(
            event_id=self.event_id,
            trade_id=self.trade_id,
            client_order_id=self.client_order_id,
            venue_order_id=self.venue_order_id,
            account=self.account,
            strategy=self.strategy,
            instrument=self.instrument,
            node=self.node,
            side=self.side,
            quantity=self.quantity,
            price=self.price,
            fee=self.fee,
            fee_currency=self.fee_currency,
            liquidity_side=self.liquidity_side,
            event_time_ns=self.event_time_ns,
            position=position,
            order_unknown=order_unknown,
            is_late=is_late,
            correction_count=self.correction_count,
            bust_time_ns=self.bust_time_ns,
        )

    @property
    def is_busted(self) -> bool:
        """Whether it counts for nothing."""
        return self.bust_time_ns is not None

    @property
    def counted_quantity(self) -> Decimal:
        """What it counts of its order's quantity."""
        return ZERO if self.is_busted else self.quantity

    @property
    def counted_value(self) -> Decimal:
        """What it counts of its order's value."""
        return self.counted_quantity * self.price

    @property
    def holding(self) -> Holding:
        """The position that it changes."""
        return (self.account, self.strategy, self.instrument)

    @property
    def key(self) -> FillKey:
        """What makes it the same fill, whoever tells it."""
        return FillKey(self.account, self.instrument, self.client_order_id, self.trade_id)


def check_repeat(known: Fill, first: Fill, told: Fill, path: str) -> None:
    """Refuse a fill that has the identifiers of another one, naming the field below ``path``.

    A corrected one may be told again as it was told first, or as it is now.
    """
    if _told(told) not in {_told(known), _told(first)}:
        problem = f"{told.trade_id} was used for another fill of the order"
        raise InvalidField(f"{path}.fill.trade_id", problem)


def _told(fill: Fill) -> tuple[OrderSide, Decimal, Decimal]:
    return fill.side, fill.quantity, fill.price
