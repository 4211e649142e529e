"""The lives of orders in columns, for those who measure how many of them were executed."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LifeFilter:
    """Which orders: of an instrument, a venue or a type, made within times; empty is all."""

    instrument: str = ""
    venue: str = ""
    order_type: int = 0
    within: tuple[int, int] = (0, 2**63 - 1)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: of an instrument, an order or kinds, that happened within times."""

    instrument: str = ""
    client_order_id: str = ""
    kinds: tuple[str, ...] = ()
    within: tuple[int, int] = (0, 2**63 - 1)


@dataclass(frozen=True, slots=True)
class LifeFills:
    """Fills in columns, order after order; ``NaN`` is a fee that nobody told."""

    trade_id: Sequence[str] = ()
    event_time_ns: Sequence[int] = ()
    price: Sequence[float] = ()
    quantity: Sequence[float] = ()
    fee: Sequence[float] = ()
    fee_currency: Sequence[str] = ()
    liquidity_side: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Lives:
    """Orders in columns; a time is 0 where it never happened."""

    client_order_id: Sequence[str] = ()
    account: Sequence[str] = ()
    strategy: Sequence[str] = ()
    instrument: Sequence[str] = ()
    side: Sequence[int] = ()
    order_type: Sequence[int] = ()
    status: Sequence[int] = ()
    quantity: Sequence[float] = ()
    decision_price: Sequence[float] = ()
    create_time_ns: Sequence[int] = ()
    submit_time_ns: Sequence[int] = ()
    accept_time_ns: Sequence[int] = ()
    cancel_request_time_ns: Sequence[int] = ()
    end_time_ns: Sequence[int] = ()
    fill_count: Sequence[int] = ()
    fills: LifeFills = field(default_factory=LifeFills)

    def place(self, index: int) -> tuple[int, str, str]:
        """Return where an order stands among all."""
        return (self.create_time_ns[index], self.account[index], self.client_order_id[index])
