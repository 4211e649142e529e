"""Fills, as reports list them."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Fill:
    """An execution with its exact numbers; sides and liquidity are "buy", "taker" and so on."""

    time_ns: int
    account: str
    strategy: str
    instrument: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal | None
    fee_currency: str
    liquidity: str
    trade_id: str
    client_order_id: str
    late: bool
    order_unknown: bool
    busted: bool
    correction_count: int
