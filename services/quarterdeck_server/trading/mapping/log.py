"""Orders, fills, positions and topic records of the log to messages."""

from decimal import Decimal

from quarterdeck.api.trading.v1 import fill_pb2, order_pb2, position_pb2, trading_event_pb2
from quarterdeck_server.kernel import topics
from quarterdeck_server.runtime.convert import decimal_to, timestamp_to
from quarterdeck_server.trading.domain.fill import Fill
from quarterdeck_server.trading.domain.order import Order
from quarterdeck_server.trading.domain.topic import TopicRecord
from quarterdeck_server.trading.portfolio import Position


def order_to(order: Order) -> order_pb2.Order:
    """Write an order."""
    nature, terms = order.nature, order.terms
    message = order_pb2.Order(
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        account=order.account,
        strategy=order.strategy,
        instrument=nature.instrument,
        node=order.node,
        side=order_pb2.OrderSide.ValueType(nature.side),
        order_type=order_pb2.OrderType.ValueType(nature.order_type),
        time_in_force=order_pb2.TimeInForce.ValueType(nature.time_in_force),
        reduce_only=nature.reduce_only,
        quantity=decimal_to(terms.quantity),
        status=order_pb2.OrderStatus.ValueType(order.status),
        filled_quantity=decimal_to(order.filled_quantity),
        status_reason=order.status_reason,
        create_time=timestamp_to(order.create_time_ns),
        update_time=timestamp_to(order.update_time_ns),
    )
    prices = {
        "limit_price": terms.limit_price,
        "trigger_price": terms.trigger_price,
        "average_price": order.average_price,
        "decision_price": order.decision_price,
    }
    for field, price in prices.items():
        if price is not None:
            getattr(message, field).CopyFrom(decimal_to(price))
    return message


def fill_to(fill: Fill) -> fill_pb2.Fill:
    """Write a fill."""
    message = fill_pb2.Fill(
        trade_id=fill.trade_id,
        client_order_id=fill.client_order_id,
        venue_order_id=fill.venue_order_id,
        account=fill.account,
        strategy=fill.strategy,
        instrument=fill.instrument,
        node=fill.node,
        side=order_pb2.OrderSide.ValueType(fill.side),
        quantity=decimal_to(fill.quantity),
        price=decimal_to(fill.price),
        fee_currency=fill.fee_currency,
        liquidity_side=fill_pb2.LiquiditySide.ValueType(fill.liquidity_side),
        order_unknown=fill.order_unknown,
        late=fill.is_late,
        busted=fill.is_busted,
        correction_count=fill.correction_count,
        event_time=timestamp_to(fill.event_time_ns),
    )
    if fill.fee is not None:
        message.fee.CopyFrom(decimal_to(fill.fee))
    return message


def position_to(position: Position) -> position_pb2.Position:
    """Write a position. Fees in other currencies than the position's are left to the accounts."""
    key = position.key
    message = position_pb2.Position(
        account=key.account,
        strategy=key.strategy,
        instrument=key.instrument,
        quantity=decimal_to(position.quantity),
        realised_profit=decimal_to(position.realised),
        fees=decimal_to(settled_fees(position)),
        currency=position.currency,
        update_time=timestamp_to(position.updated_ns),
    )
    if position.average_price is not None:
        message.average_price.CopyFrom(decimal_to(position.average_price))
    if position.opened_ns:
        message.open_time.CopyFrom(timestamp_to(position.opened_ns))
    return message


def settled_fees(position: Position) -> Decimal:
    """Return the fees a position paid in its own currency."""
    amounts = (fee.amount for fee in position.fees if fee.currency == position.currency)
    return sum(amounts, Decimal(0))


def record_to(record: TopicRecord, epoch: int) -> trading_event_pb2.TopicRecord:
    """Write what a durable topic published."""
    message = trading_event_pb2.TopicRecord(
        topic=record.topic,
        epoch=epoch,
        sequence=record.sequence,
        publish_time=timestamp_to(record.publish_time_ns),
    )
    match topics.kind(record.topic):
        case "orders":
            message.order.MergeFromString(record.payload)
        case "fills":
            message.fill.MergeFromString(record.payload)
        case "positions":
            message.position.MergeFromString(record.payload)
        case _:
            message.account.MergeFromString(record.payload)
    return message
