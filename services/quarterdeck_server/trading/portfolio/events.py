"""What happens to a portfolio: fills, flows of cash, and capital given to a strategy."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.money import Money, checked, currency_code, positive


class Side(Enum):
    """Which way a fill moves the position."""

    BUY = "buy"
    SELL = "sell"


@dataclass(frozen=True, slots=True)
class PositionKey:
    """Positions are kept apart by account, instrument and strategy."""

    account: str
    instrument: str
    strategy: str


@dataclass(frozen=True, slots=True)
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
    """Why cash moved without a fill; none of these is profit."""

    OPENING_BALANCE = "opening_balance"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True)
class Flow:
    """Cash that entered or left an account from outside; deposit and withdrawal are above zero."""

    id: str
    account: str
    kind: FlowKind
    money: Money
    time_ns: int

    def __post_init__(self) -> None:
        if not self.account:
            raise InvalidField("account", "must not be empty")
        if self.kind is FlowKind.OPENING_BALANCE:
            checked("money.amount", self.money.amount)
        else:
            positive("money.amount", self.money.amount)

    @property
    def signed_amount(self) -> Decimal:
        """The change of the account's cash."""
        amount = self.money.amount
        return amount.copy_negate() if self.kind is FlowKind.WITHDRAWAL else amount


@dataclass(frozen=True, slots=True)
class Allocation:
    """The capital a strategy was given in an account; a later one replaces an earlier one."""

    account: str
    strategy: str
    capital: Money

    def __post_init__(self) -> None:
        positive("capital.amount", self.capital.amount)
