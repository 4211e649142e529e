"""What nodes report: one event is one fact, kept whole."""

from dataclasses import dataclass
from decimal import Decimal

from quarterdeck_server.kernel.value import value
from quarterdeck_server.trading.domain.amendment import Amendment, Bust, Correction
from quarterdeck_server.trading.domain.fill import Fill
from quarterdeck_server.trading.domain.order import OrderChange, Word
from quarterdeck_server.trading.portfolio import Action, Dividend, Flow, Split


@dataclass(frozen=True, slots=True)
class PositionReport:
    """What a node believes to hold of an instrument; kept, and compared with the log."""

    instrument: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account has of a currency."""

    currency: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class AccountReport:
    """The balances of an account; ``payload`` is what readers of its topic get."""

    balances: tuple[Balance, ...]
    payload: bytes


type Body = OrderChange | Fill | Amendment | PositionReport | AccountReport | Flow | Action
"""What an event tells."""


@value
class Event:
    """One event of a batch; ``path`` names it in refusals, for example "events[3]"."""

    path: str
    event_id: str
    digest: bytes
    content: bytes
    word: Word
    body: Body

    @property
    def kind(self) -> str:
        """The name of its kind in the log."""
        return _KINDS[type(self.body)]

    @property
    def instrument(self) -> str | None:
        """The instrument it concerns, if any."""
        match self.body:
            case OrderChange():
                return self.body.nature.instrument
            case Fill() | PositionReport():
                return self.body.instrument
            case Correction() | Bust():
                return self.body.key.instrument
            case Flow():
                return self.body.instrument or None
            case Split() | Dividend():
                return self.body.instrument
            case AccountReport():
                return None

    @property
    def client_order_id(self) -> str:
        """The order it concerns, if any."""
        match self.body:
            case OrderChange() | Fill():
                return self.body.client_order_id
            case Correction() | Bust():
                return self.body.key.client_order_id
            case _:
                return ""

    @property
    def order_status(self) -> int | None:
        """Where it says that an order stands, if it does."""
        return int(self.body.status) if isinstance(self.body, OrderChange) else None

    @property
    def instrument_field(self) -> str:
        """The path of the field that names its instrument."""
        return f"{self.path}.{self.kind}.instrument"


_KINDS: dict[type, str] = {
    OrderChange: "order",
    Fill: "fill",
    Correction: "fill_correction",
    Bust: "fill_bust",
    PositionReport: "position",
    AccountReport: "account",
    Flow: "cash_flow",
    Split: "corporate_action",
    Dividend: "corporate_action",
}
