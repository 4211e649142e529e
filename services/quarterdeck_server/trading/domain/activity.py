"""Activity: what orders and fills count for, and how a batch changes it. Pure.

What an order or a fill counts for follows from its present state alone. So a batch changes activity
by what its orders and fills count for now, less what they counted for before, whatever happened to
them in between: late fills, corrections and busts are nothing special.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from quarterdeck_server.kernel.money import ZERO, exact
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.trading.domain.batch import Batch
from quarterdeck_server.trading.domain.fill import Fill, OrderSide
from quarterdeck_server.trading.domain.order import Order, OrderStatus
from quarterdeck_server.trading.portfolio import Instrument

MINUTE_NS = 60 * NS
_REJECTED = frozenset({OrderStatus.REJECTED, OrderStatus.DENIED})

type Key = tuple[str, str, str, str, int]
"""An account, a strategy, an instrument, a currency and the beginning of a minute."""
type InstrumentOf = Callable[[str], Instrument]


@dataclass(slots=True)
class Counts:
    """What happened, as sums; amounts are in one currency."""

    orders: int = 0
    rejects: int = 0
    cancels: int = 0
    fills: int = 0
    bought_quantity: Decimal = ZERO
    sold_quantity: Decimal = ZERO
    bought_value: Decimal = ZERO
    sold_value: Decimal = ZERO
    fees: Decimal = ZERO

    def add(self, other: "Counts", sign: int) -> None:
        """Add other sums, or take them off."""
        self.orders += sign * other.orders
        self.rejects += sign * other.rejects
        self.cancels += sign * other.cancels
        self.fills += sign * other.fills
        self.bought_quantity += sign * other.bought_quantity
        self.sold_quantity += sign * other.sold_quantity
        self.bought_value += sign * other.bought_value
        self.sold_value += sign * other.sold_value
        self.fees += sign * other.fees


def changes(batch: Batch, instrument_of: InstrumentOf) -> Mapping[Key, Counts]:
    """Return what a batch changes of activity, by minute."""
    sums: dict[Key, Counts] = {}
    fills = dict.fromkeys((*(fill.key for fill, _ in batch.new_fills), *batch.amended))
    with exact():
        for fill_key in fills:
            _count(sums, of_fill(batch.known_fills.get(fill_key), instrument_of), -1)
            _count(sums, of_fill(batch.fills[fill_key], instrument_of), 1)
        for order_key, (order, _) in batch.new_orders.items():
            _count(sums, of_order(batch.known_orders.get(order_key), instrument_of), -1)
            _count(sums, of_order(order, instrument_of), 1)
    nothing = Counts()
    return {key: counts for key, counts in sums.items() if counts != nothing}


def of_order(order: Order | None, instrument_of: InstrumentOf) -> Iterator[tuple[Key, Counts]]:
    """Yield what an order counts for: when it was made, and when it was refused or canceled."""
    if order is None or order.claim is OrderStatus.ORDER_UNKNOWN:
        return
    name = order.nature.instrument
    place = (order.account, order.strategy, name, instrument_of(name).currency)
    yield (*place, _minute(order.create_time_ns)), Counts(orders=1)
    if order.claim in _REJECTED:
        yield (*place, _minute(order.update_time_ns)), Counts(rejects=1)
    elif order.claim is OrderStatus.CANCELED:
        yield (*place, _minute(order.update_time_ns)), Counts(cancels=1)


def of_fill(fill: Fill | None, instrument_of: InstrumentOf) -> Iterator[tuple[Key, Counts]]:
    """Yield what a fill counts for; its fee is told apart, since it may have another currency."""
    if fill is None or fill.is_busted:
        return
    instrument = instrument_of(fill.instrument)
    place = (fill.account, fill.strategy, fill.instrument)
    minute = _minute(fill.event_time_ns)
    worth = instrument.worth(fill.quantity, fill.price)
    value = -worth if instrument.is_inverse else worth
    counts = Counts(fills=1)
    if fill.side is OrderSide.BUY:
        counts.bought_quantity, counts.bought_value = fill.quantity, value
    else:
        counts.sold_quantity, counts.sold_value = fill.quantity, value
    yield (*place, instrument.currency, minute), counts
    if fill.fee is not None:
        yield (*place, fill.fee_currency, minute), Counts(fees=fill.fee)


def rows(found: Mapping[Key, Counts]) -> list[tuple[object, ...]]:
    """Return keys and sums side by side."""
    names = [each.name for each in fields(Counts)]
    return [(*key, *(getattr(counts, name) for name in names)) for key, counts in found.items()]


def _count(sums: dict[Key, Counts], told: Iterable[tuple[Key, Counts]], sign: int) -> None:
    for key, counts in told:
        sums.setdefault(key, Counts()).add(counts, sign)


def _minute(time_ns: int) -> int:
    return time_ns - time_ns % MINUTE_NS
