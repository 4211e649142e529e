"""What happens to a portfolio: fills, flows of cash, and capital given to a strategy."""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.money import ZERO, Money, checked, currency_code, positive
from quarterdeck_server.kernel.value import value


class Side(Enum):
    """Which way a fill moves the position."""

    BUY = "buy"
    SELL = "sell"


class PositionKey(NamedTuple):
    """Positions are kept apart by account, instrument and strategy."""

    account: str
    instrument: str
    strategy: str


@value
class Fill:
    """One execution; a fee above zero is paid, below zero it is a rebate.

    ``currency``, if given, is what the sender believes the instrument settles in.
    """

    id: str
    account: str
    instrument: str
    strategy: str
    side: Side
    quantity: Decimal
    price: Decimal
    time_ns: int
    fee: Money | None = None
    currency: str | None = None

    def __post_init__(self) -> None:
        for field in ("id", "account", "instrument", "strategy"):
            if not getattr(self, field):
                raise InvalidField(field, "must not be empty")
        positive("quantity", self.quantity)
        checked("price", self.price)
        if self.fee is not None:
            checked("fee", self.fee.amount)
        if self.currency is not None:
            currency_code("currency", self.currency)

    @property
    def key(self) -> PositionKey:
        """The position this fill belongs to."""
        return PositionKey(self.account, self.instrument, self.strategy)

    @property
    def signed_quantity(self) -> Decimal:
        """The change of the position: above zero for a buy."""
        return self.quantity if self.side is Side.BUY else self.quantity.copy_negate()


class FlowKind(Enum):
    """Why cash moved without a fill."""

    OPENING_BALANCE = "opening_balance"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    TRANSFER = "transfer"
    FUNDING = "funding"
    DIVIDEND = "dividend"
    INTEREST = "interest"
    CHARGE = "charge"

    @property
    def is_external(self) -> bool:
        """Whether it is nobody's profit: it only says where the cash is."""
        return self in EXTERNAL


EXTERNAL = frozenset(
    {FlowKind.OPENING_BALANCE, FlowKind.DEPOSIT, FlowKind.WITHDRAWAL, FlowKind.TRANSFER}
)
"""The kinds that are no profit; all others are income, or cost it."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Cash that an account received, or below zero paid, other than for a fill.

    Income may name the strategy and the instrument that earned it. ``counter_account`` is the
    other one of a transfer.
    """

    id: str
    account: str
    kind: FlowKind
    money: Money
    time_ns: int
    strategy: str = ""
    instrument: str = ""
    counter_account: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        if not self.account:
            raise InvalidField("account", "must not be empty")
        checked("amount", self.money.amount)
        _check_sign(self.kind, self.money.amount)
        if self.kind.is_external and (self.strategy or self.instrument):
            field = "strategy" if self.strategy else "instrument"
            raise InvalidField(field, f"must be empty: a {self.kind.value} is no profit")
        if (self.kind is FlowKind.TRANSFER) != bool(self.counter_account):
            problem = "must be empty unless it is a transfer, and given if it is"
            raise InvalidField("counter_account", problem)
        if self.counter_account == self.account:
            raise InvalidField("counter_account", "must be another account")

    @property
    def key(self) -> PositionKey | None:
        """The position that earned it, if it names one."""
        if not (self.strategy and self.instrument):
            return None
        return PositionKey(self.account, self.instrument, self.strategy)

    @property
    def market_ns(self) -> int:
        """The market's time of it; 0 for an opening balance, which the log begins with."""
        return 0 if self.kind is FlowKind.OPENING_BALANCE else self.time_ns

    def mirrored(self) -> "Flow":
        """Return a transfer as the other account sees it."""
        return replace(
            self, account=self.counter_account, counter_account=self.account, money=-self.money
        )


def _check_sign(kind: FlowKind, amount: Decimal) -> None:
    if kind is FlowKind.OPENING_BALANCE:
        return
    if kind is FlowKind.DEPOSIT and amount <= ZERO:
        raise InvalidField("amount", "must be above zero for a deposit")
    if kind is FlowKind.WITHDRAWAL and amount >= ZERO:
        raise InvalidField("amount", "must be below zero for a withdrawal")
    if not amount:
        raise InvalidField("amount", "must not be zero")


@dataclass(frozen=True, slots=True)
class Allocation:
    """The capital a strategy was given in an account; a later one replaces an earlier one."""

    account: str
    strategy: str
    capital: Money

    def __post_init__(self) -> None:
        positive("capital.amount", self.capital.amount)
