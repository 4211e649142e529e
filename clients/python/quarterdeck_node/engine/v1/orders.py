"""What happened to an order, from the order's own history in the engine's cache."""

import logging
from decimal import Decimal, InvalidOperation

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal as DecimalMessage
from nautilus_trader.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEmulated,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderReleased,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
)
from nautilus_trader.model.events import OrderEvent as EngineEvent

from quarterdeck.api.trading.v1 import order_pb2 as pb
from quarterdeck.api.trading.v1.fill_pb2 import Fill
from quarterdeck.api.trading.v1.trading_event_pb2 import OrderEvent, TradingEvent
from quarterdeck_node.engine.v1 import words

LOG = logging.getLogger(__name__)

STATUSES: dict[type[EngineEvent], pb.OrderStatus.ValueType] = {
    OrderInitialized: pb.ORDER_STATUS_INITIALIZED,
    OrderDenied: pb.ORDER_STATUS_DENIED,
    OrderEmulated: pb.ORDER_STATUS_EMULATED,
    OrderReleased: pb.ORDER_STATUS_RELEASED,
    OrderSubmitted: pb.ORDER_STATUS_SUBMITTED,
    OrderAccepted: pb.ORDER_STATUS_ACCEPTED,
    OrderRejected: pb.ORDER_STATUS_REJECTED,
    OrderPendingUpdate: pb.ORDER_STATUS_PENDING_UPDATE,
    OrderPendingCancel: pb.ORDER_STATUS_PENDING_CANCEL,
    OrderTriggered: pb.ORDER_STATUS_TRIGGERED,
    OrderCanceled: pb.ORDER_STATUS_CANCELED,
    OrderExpired: pb.ORDER_STATUS_EXPIRED,
}
BACK_AT_WORK = (OrderUpdated, OrderModifyRejected, OrderCancelRejected)
"""After these an order stands where it stood before the change was asked for."""
OF_THE_NODE = (
    OrderInitialized,
    OrderDenied,
    OrderEmulated,
    OrderReleased,
    OrderPendingUpdate,
    OrderPendingCancel,
)
"""Stamped by the node's own clock, not the venue's."""
MOST_TEXT = 1000
DECIDED_AT = "decision_price="
"""How the tag of an order begins by which a strategy tells the price at which it decided."""


def order_event(history: list[EngineEvent], index: int) -> TradingEvent:
    """Write the event of an order's history that stands at an index.

    ``account`` and ``strategy`` are the engine's; the times are as stamped.
    """
    event = history[index]
    written = TradingEvent(
        event_id=str(event.id),
        event_time=timestamp(event.ts_event),
        account=str(event.account_id or ""),
        strategy=str(event.strategy_id),
        reconciliation=event.reconciliation,
    )
    if isinstance(event, OrderFilled):
        written.fill.CopyFrom(fill(event))
    else:
        written.order.CopyFrom(change(history[: index + 1]))
    return written


def fill(event: OrderFilled) -> Fill:
    """Write a fill."""
    return Fill(
        trade_id=str(event.trade_id),
        client_order_id=str(event.client_order_id),
        venue_order_id=str(event.venue_order_id),
        instrument=str(event.instrument_id),
        side=words.side(event.order_side),
        quantity=words.number(event.last_qty),
        price=words.number(event.last_px),
        fee=words.number(event.commission) if event.commission is not None else None,
        fee_currency=str(event.commission.currency) if event.commission is not None else "",
        liquidity_side=words.liquidity(event.liquidity_side),
    )


def change(history: list[EngineEvent]) -> OrderEvent:
    """Write where an order stands after its history."""
    made, last = history[0], history[-1]
    terms = _terms(history)
    # Told once: later events are of the same decision.
    decided = decision_price(made) if last is made else None
    return OrderEvent(
        client_order_id=str(last.client_order_id),
        venue_order_id=_venue_order_id(history),
        instrument=str(last.instrument_id),
        status=status(history),
        side=words.side(made.side),
        order_type=words.order_type(made.order_type),
        time_in_force=words.time_in_force(made.time_in_force),
        reduce_only=made.reduce_only,
        quantity=terms["quantity"],
        limit_price=terms.get("price"),
        trigger_price=terms.get("trigger_price"),
        status_reason=str(getattr(last, "reason", "") or "")[:MOST_TEXT],
        decision_price=None if decided is None else words.number(decided),
    )


def status(history: list[EngineEvent]) -> pb.OrderStatus.ValueType:
    """Tell where an order stands after its history."""
    last = history[-1]
    if not isinstance(last, BACK_AT_WORK):
        return STATUSES[type(last)]
    if any(isinstance(event, OrderFilled) for event in history):
        return pb.ORDER_STATUS_PARTIALLY_FILLED
    triggered = any(isinstance(event, OrderTriggered) for event in history)
    return pb.ORDER_STATUS_TRIGGERED if triggered else pb.ORDER_STATUS_ACCEPTED


def decision_price(made: OrderInitialized) -> Decimal | None:
    """Return the price at which a strategy decided, if it told one that can be read."""
    told = next((tag for tag in made.tags or () if tag.startswith(DECIDED_AT)), None)
    if told is None:
        return None
    try:
        price = Decimal(told.removeprefix(DECIDED_AT))
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite():
        LOG.warning("order %s has a tag that is no price: %s", made.client_order_id, told)
        return None
    return price


def venue_time(history: list[EngineEvent], index: int) -> int | None:
    """Return when the venue next said something, for an event that the node's clock stamped."""
    later = (event.ts_event for event in history[index + 1 :] if not isinstance(event, OF_THE_NODE))
    return next(later, None)


def timestamp(time_ns: int) -> Timestamp:
    """Write a time."""
    written = Timestamp()
    written.FromNanoseconds(time_ns)
    return written


def _terms(history: list[EngineEvent]) -> dict[str, DecimalMessage]:
    """Return what is to be done, as first said and later changed."""
    made = history[0]
    terms = {"quantity": words.number(made.quantity)}
    for name in ("price", "trigger_price"):
        if made.options.get(name) is not None:
            terms[name] = words.number(Decimal(made.options[name]))
    for event in history:
        if isinstance(event, OrderUpdated):
            changed = {n: getattr(event, n) for n in ("quantity", "price", "trigger_price")}
            terms |= {n: words.number(value) for n, value in changed.items() if value is not None}
    return terms


def _venue_order_id(history: list[EngineEvent]) -> str:
    known = (event.venue_order_id for event in reversed(history))
    return next((str(found) for found in known if found is not None), "")
