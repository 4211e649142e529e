"""Orders: what nodes say of them, what fills do to them, and how both fold into one state.

A node's words come in order, but not always once and not always soon: they are sent again after a
crash, and come again from a reconciliation. So an order only moves forward through its stages, and
within a stage a word counts unless a newer one of the same clock was heard. There are two clocks:
the venue's stamps what the venue says, the node's own what the strategy asked for.
"""

from dataclasses import replace
from decimal import Decimal
from enum import IntEnum

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.money import ZERO, quotient, rounded, trimmed
from quarterdeck_server.kernel.value import value
from quarterdeck_server.trading.domain.fill import Fill, OrderSide

PRICE_DECIMALS = 18


class OrderStatus(IntEnum):
    """Where an order stands; the numbers are those of the contract."""

    ORDER_UNKNOWN = 1
    INITIALIZED = 2
    DENIED = 3
    EMULATED = 4
    RELEASED = 5
    SUBMITTED = 6
    ACCEPTED = 7
    REJECTED = 8
    PENDING_UPDATE = 9
    PENDING_CANCEL = 10
    TRIGGERED = 11
    CANCELED = 12
    EXPIRED = 13
    PARTIALLY_FILLED = 14
    FILLED = 15


class Stage(IntEnum):
    """The parts of an order's life; it never goes back to an earlier one."""

    UNKNOWN = 0
    IN_NODE = 1
    AT_VENUE = 2
    ENDED = 3


_IN_NODE = (
    OrderStatus.INITIALIZED,
    OrderStatus.EMULATED,
    OrderStatus.RELEASED,
    OrderStatus.SUBMITTED,
)
_ENDED = frozenset(
    {
        OrderStatus.DENIED,
        OrderStatus.REJECTED,
        OrderStatus.CANCELED,
        OrderStatus.EXPIRED,
        OrderStatus.FILLED,
    }
)
_ASKED = frozenset({OrderStatus.PENDING_UPDATE, OrderStatus.PENDING_CANCEL})


def stage(status: OrderStatus) -> Stage:
    """Return the part of an order's life in which it has a status."""
    if status is OrderStatus.ORDER_UNKNOWN:
        return Stage.UNKNOWN
    if status in _ENDED:
        return Stage.ENDED
    return Stage.IN_NODE if status in _IN_NODE else Stage.AT_VENUE


@value
class Terms:
    """What an order asks for, as far as it can be changed."""

    quantity: Decimal
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None


@value
class Nature:
    """What an order asks for and cannot be changed."""

    instrument: str
    side: OrderSide
    order_type: int
    time_in_force: int
    reduce_only: bool


@value
class OrderChange:
    """What a node says of an order."""

    client_order_id: str
    venue_order_id: str
    status: OrderStatus
    status_reason: str
    nature: Nature
    terms: Terms
    decision_price: Decimal | None = None


@value
class Word:
    """Who said something of an order, and when; a reconciliation repeats what was said before."""

    node: str
    account: str
    strategy: str
    time_ns: int
    is_reconciliation: bool = False


@value
class Order:
    """The state of an order, folded from all that was said of it."""

    account: str
    client_order_id: str
    strategy: str
    node: str
    venue_order_id: str
    nature: Nature
    terms: Terms
    claim: OrderStatus
    status_reason: str
    node_time_ns: int
    venue_time_ns: int
    filled_quantity: Decimal
    filled_value: Decimal
    create_time_ns: int
    update_time_ns: int
    decision_price: Decimal | None = None
    """At which the strategy decided; the first that was told."""

    @property
    def status(self) -> OrderStatus:
        """Where it stands: what the node said, or what the fills prove."""
        if self.claim is OrderStatus.ORDER_UNKNOWN:
            return self.claim
        if self.filled_quantity >= self.terms.quantity:
            return OrderStatus.FILLED
        if not self.filled_quantity or stage(self.claim) is Stage.ENDED or self.claim in _ASKED:
            return self.claim
        return OrderStatus.PARTIALLY_FILLED

    @property
    def is_open(self) -> bool:
        """Whether it can still be filled."""
        return stage(self.status) in {Stage.IN_NODE, Stage.AT_VENUE}

    @property
    def average_price(self) -> Decimal | None:
        """The average price of its fills."""
        if not self.filled_quantity:
            return None
        return trimmed(rounded(quotient(self.filled_value, self.filled_quantity), PRICE_DECIMALS))


def changed(order: Order | None, change: OrderChange, word: Word) -> Order:
    """Fold what a node says into an order."""
    if order is None:
        return _heard(_unheard(change, word), change, word)
    known = replace(
        order,
        venue_order_id=order.venue_order_id or change.venue_order_id,
        create_time_ns=min(order.create_time_ns, word.time_ns),
        decision_price=_first(order.decision_price, change.decision_price),
    )
    if order.claim is OrderStatus.ORDER_UNKNOWN:
        return _heard(replace(known, nature=change.nature), change, word)
    return _heard(known, change, word) if _is_news(order, change, word) else known


def filled(order: Order | None, fill: Fill) -> Order:
    """Fold a fill into its order; an order that was never heard of becomes ORDER_UNKNOWN."""
    if order is None:
        return _unknown(fill)
    quantity = order.filled_quantity + fill.quantity
    is_unknown = order.claim is OrderStatus.ORDER_UNKNOWN
    # Written out: of every fill, ``replace`` would cost as much as all the rest.
    return Order(
        account=order.account,
        client_order_id=order.client_order_id,
        strategy=order.strategy,
        node=order.node,
        venue_order_id=order.venue_order_id or fill.venue_order_id,
        nature=order.nature,
        terms=Terms(quantity) if is_unknown else order.terms,
        claim=order.claim,
        status_reason=order.status_reason,
        node_time_ns=order.node_time_ns,
        venue_time_ns=order.venue_time_ns,
        filled_quantity=quantity,
        filled_value=order.filled_value + fill.quantity * fill.price,
        create_time_ns=min(order.create_time_ns, fill.event_time_ns),
        update_time_ns=fill.event_time_ns,
        decision_price=order.decision_price,
    )


def refilled(order: Order, before: Fill, after: Fill) -> Order:
    """Fold a correction or a bust of a fill into its order.

    What the node said of the order stays: a bust takes back quantities, not words. Only a status
    that fills alone had proved goes back with them.
    """
    quantity = order.filled_quantity - before.counted_quantity + after.counted_quantity
    value = order.filled_value - before.counted_value + after.counted_value
    unknown = order.claim is OrderStatus.ORDER_UNKNOWN
    terms = Terms(quantity) if unknown else order.terms
    return replace(order, terms=terms, filled_quantity=quantity, filled_value=value)


def check_change(order: Order | None, change: OrderChange, strategy: str, path: str) -> None:
    """Refuse words that turn an order into another one, naming the field below ``path``."""
    if order is None:
        return
    _same(f"{path}.order.instrument", order.nature.instrument, change.nature.instrument)
    _same(f"{path}.order.side", order.nature.side.name, change.nature.side.name)
    _same(f"{path}.strategy", order.strategy, strategy)


def check_fill(order: Order | None, fill: Fill, path: str) -> None:
    """Refuse a fill that cannot be of its order, naming the field below ``path``."""
    if order is None:
        return
    _same(f"{path}.fill.instrument", order.nature.instrument, fill.instrument)
    _same(f"{path}.fill.side", order.nature.side.name, fill.side.name)
    _same(f"{path}.strategy", order.strategy, fill.strategy)


def _same(field: str, known: str, said: str) -> None:
    if known != said:
        raise InvalidField(field, f"must be {known} as the order's earlier events say, was {said}")


def _first(known: Decimal | None, told: Decimal | None) -> Decimal | None:
    return told if known is None else known


def _is_news(order: Order, change: OrderChange, word: Word) -> bool:
    before, after = stage(order.claim), stage(change.status)
    if before is not after:
        return after > before
    if after is Stage.IN_NODE:
        return _IN_NODE.index(change.status) > _IN_NODE.index(order.claim)
    if after is Stage.ENDED:
        return change.status is OrderStatus.FILLED and order.claim is not OrderStatus.FILLED
    newest = order.node_time_ns if change.status in _ASKED else order.venue_time_ns
    # Within one tick of a simulated venue all times are equal: then what comes later is later.
    return word.time_ns > newest or (word.time_ns == newest and not word.is_reconciliation)


def _heard(order: Order, change: OrderChange, word: Word) -> Order:
    clock = "node_time_ns" if change.status in _ASKED else "venue_time_ns"
    at_venue = stage(change.status) is Stage.AT_VENUE
    times = {clock: max(word.time_ns, getattr(order, clock))} if at_venue else {}
    return replace(
        order,
        terms=change.terms,
        claim=change.status,
        status_reason=change.status_reason,
        venue_order_id=change.venue_order_id or order.venue_order_id,
        update_time_ns=word.time_ns,
        **times,
    )


def _unheard(change: OrderChange, word: Word) -> Order:
    return Order(
        account=word.account,
        client_order_id=change.client_order_id,
        strategy=word.strategy,
        node=word.node,
        venue_order_id="",
        nature=change.nature,
        terms=change.terms,
        claim=OrderStatus.ORDER_UNKNOWN,
        status_reason="",
        node_time_ns=0,
        venue_time_ns=0,
        filled_quantity=ZERO,
        filled_value=ZERO,
        create_time_ns=word.time_ns,
        update_time_ns=word.time_ns,
        decision_price=change.decision_price,
    )


def _unknown(fill: Fill) -> Order:
    return Order(
        account=fill.account,
        client_order_id=fill.client_order_id,
        strategy=fill.strategy,
        node=fill.node,
        venue_order_id=fill.venue_order_id,
        nature=Nature(fill.instrument, fill.side, 0, 0, reduce_only=False),
        terms=Terms(fill.quantity),
        claim=OrderStatus.ORDER_UNKNOWN,
        status_reason="",
        node_time_ns=0,
        venue_time_ns=0,
        filled_quantity=fill.quantity,
        filled_value=fill.quantity * fill.price,
        create_time_ns=fill.event_time_ns,
        update_time_ns=fill.event_time_ns,
    )
