"""A position as others see it, and what one fill did to it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from quarterdeck_server.kernel.money import Money
from quarterdeck_server.kernel.value import value
from quarterdeck_server.trading.portfolio.events import PositionKey
from quarterdeck_server.trading.portfolio.marks import Mark


class ChangeKind(Enum):
    """What a fill did to a position."""

    OPENED = "opened"
    INCREASED = "increased"
    REDUCED = "reduced"
    CLOSED = "closed"
    FLIPPED = "flipped"


@value
class Position:
    """One position; money is in ``currency``, the settlement currency, unless it says its own.

    ``realised``, ``fees``, ``income`` and ``fill_count`` are of its whole life, ``peak_quantity``
    and the times of the present or last round trip. What needs a price is ``None`` while there is
    none.
    """

    key: PositionKey
    currency: str
    quantity: Decimal
    average_price: Decimal | None
    cost: Decimal
    realised: Decimal
    fees: tuple[Money, ...]
    income: tuple[Money, ...]
    mark: Mark | None
    unrealised: Decimal | None
    market_value: Decimal | None
    exposure: Decimal | None
    peak_quantity: Decimal
    fill_count: int
    opened_ns: int
    updated_ns: int
    closed_ns: int | None

    @property
    def is_open(self) -> bool:
        """Whether it holds anything."""
        return bool(self.quantity)


@dataclass(frozen=True, slots=True)
class PositionChange:
    """What one fill did: its realised profit before the fee, and every movement of cash."""

    fill_id: str
    kind: ChangeKind
    realised: Money
    fee: Money | None
    cash: tuple[Money, ...]
    position: Position
