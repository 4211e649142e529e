"""Rows of the log to the domain and back: the one place that knows the columns' order."""

import asyncpg

from quarterdeck_server.trading.domain.fill import Fill, OrderSide
from quarterdeck_server.trading.domain.order import Nature, Order, OrderStatus, Terms
from quarterdeck_server.trading.domain.topic import TopicRecord

ORDER_COLUMNS = (
    "account, client_order_id, strategy, instrument, node, venue_order_id, side, order_type, "
    "time_in_force, reduce_only, quantity, limit_price, trigger_price, claim, node_time_ns, "
    "venue_time_ns, status, status_reason, filled_quantity, filled_value, create_time_ns, "
    "update_time_ns, decision_price, is_open, change_position"
)
FILL_COLUMNS = (
    "position, event_id, account, strategy, instrument, node, client_order_id, venue_order_id, "
    "trade_id, side, quantity, price, fee, fee_currency, liquidity_side, order_unknown, "
    "event_time_ns, is_late, correction_count, bust_time_ns"
)


def order_row(order: Order, position: int) -> tuple[object, ...]:
    """Write an order in the order of ``ORDER_COLUMNS``."""
    nature, terms = order.nature, order.terms
    return (
        order.account,
        order.client_order_id,
        order.strategy,
        nature.instrument,
        order.node,
        order.venue_order_id,
        int(nature.side),
        nature.order_type,
        nature.time_in_force,
        nature.reduce_only,
        terms.quantity,
        terms.limit_price,
        terms.trigger_price,
        int(order.claim),
        order.node_time_ns,
        order.venue_time_ns,
        int(order.status),
        order.status_reason,
        order.filled_quantity,
        order.filled_value,
        order.create_time_ns,
        order.update_time_ns,
        order.decision_price,
        order.is_open,
        position,
    )


def order_of(row: asyncpg.Record) -> Order:
    """Read an order."""
    return Order(
        account=row["account"],
        client_order_id=row["client_order_id"],
        strategy=row["strategy"],
        node=row["node"],
        venue_order_id=row["venue_order_id"],
        nature=Nature(
            instrument=row["instrument"],
            side=OrderSide(row["side"]),
            order_type=row["order_type"],
            time_in_force=row["time_in_force"],
            reduce_only=row["reduce_only"],
        ),
        terms=Terms(row["quantity"], row["limit_price"], row["trigger_price"]),
        claim=OrderStatus(row["claim"]),
        status_reason=row["status_reason"],
        node_time_ns=row["node_time_ns"],
        venue_time_ns=row["venue_time_ns"],
        filled_quantity=row["filled_quantity"],
        filled_value=row["filled_value"],
        create_time_ns=row["create_time_ns"],
        update_time_ns=row["update_time_ns"],
        decision_price=row["decision_price"],
    )


def fill_row(fill: Fill, position: int) -> tuple[object, ...]:
    """Write a fill in the order of ``FILL_COLUMNS``."""
    return (
        position,
        fill.event_id,
        fill.account,
        fill.strategy,
        fill.instrument,
        fill.node,
        fill.client_order_id,
        fill.venue_order_id,
        fill.trade_id,
        int(fill.side),
        fill.quantity,
        fill.price,
        fill.fee,
        fill.fee_currency,
        fill.liquidity_side,
        fill.order_unknown,
        fill.event_time_ns,
        fill.is_late,
        fill.correction_count,
        fill.bust_time_ns,
    )


def fill_of(row: asyncpg.Record) -> Fill:
    """Read a fill."""
    return Fill(
        event_id=row["event_id"],
        trade_id=row["trade_id"],
        client_order_id=row["client_order_id"],
        venue_order_id=row["venue_order_id"],
        account=row["account"],
        strategy=row["strategy"],
        instrument=row["instrument"],
        node=row["node"],
        side=OrderSide(row["side"]),
        quantity=row["quantity"],
        price=row["price"],
        fee=row["fee"],
        fee_currency=row["fee_currency"],
        liquidity_side=row["liquidity_side"],
        event_time_ns=row["event_time_ns"],
        order_unknown=row["order_unknown"],
        position=row["position"],
        is_late=row["is_late"],
        correction_count=row["correction_count"],
        bust_time_ns=row["bust_time_ns"],
    )


def record_of(row: asyncpg.Record) -> TopicRecord:
    """Read what a topic published."""
    return TopicRecord(
        position=row["position"],
        topic=row["topic"],
        sequence=row["sequence"],
        publish_time_ns=row["publish_time_ns"],
        payload=row["payload"],
    )
