"""The lives of orders from messages."""

from collections.abc import Iterable

import numpy as np

from quarterdeck.api.trading.v1 import fill_pb2, order_life_pb2, order_pb2
from quarterdeck_server.analytics.domain.execution.orders import Fills, Orders, Texts
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.runtime.convert import floats, ints

ORDER_TYPES = {
    name.removeprefix("ORDER_TYPE_"): number
    for name, number in order_pb2.OrderType.items()
    if number
}
"""The order types by what requests call them."""
_TYPE_NAMES = {0: ""} | {number: name for name, number in ORDER_TYPES.items()}
_STATUS_NAMES = {
    number: name.removeprefix("ORDER_STATUS_") for name, number in order_pb2.OrderStatus.items()
}
_LIQUIDITY_NAMES = {
    number: name.removeprefix("LIQUIDITY_SIDE_") for name, number in fill_pb2.LiquiditySide.items()
}


def checked_order_type(name: str, field: str) -> str:
    """Return the name of an order type, or refuse what is none."""
    if name and name not in ORDER_TYPES:
        raise InvalidField(field, f"must be one of {', '.join(ORDER_TYPES)}, was {name!r}")
    return name


def order_type_number(name: str) -> order_pb2.OrderType.ValueType:
    """Write an order type; empty is all."""
    return ORDER_TYPES[name] if name else order_pb2.ORDER_TYPE_UNSPECIFIED


def order_type_name(number: int) -> str:
    """Read an order type; empty if the log does not know it."""
    return _TYPE_NAMES.get(number, "")


def orders_from(message: order_life_pb2.OrderLives) -> Orders:
    """Read orders and their fills."""
    decision = floats(message.decision_price)
    return Orders(
        client_order_id=_texts(message.client_order_id),
        account=_texts(message.account),
        strategy=_texts(message.strategy),
        instrument=_texts(message.instrument),
        order_type=_texts(map(order_type_name, message.order_type)),
        status=_texts(_STATUS_NAMES[one] for one in message.status),
        side=np.where(ints(message.side) == order_pb2.ORDER_SIDE_BUY, 1.0, -1.0),
        quantity=floats(message.quantity),
        # No cost can be measured against a price that is not above zero.
        decision_price=np.where(decision > 0, decision, np.nan),
        submit_ns=ints(message.submit_time_ns),
        accept_ns=ints(message.accept_time_ns),
        cancel_request_ns=ints(message.cancel_request_time_ns),
        end_ns=ints(message.end_time_ns),
        fills=_fills_from(message),
    )


def _fills_from(message: order_life_pb2.OrderLives) -> Fills:
    found = message.fills
    return Fills(
        order=np.repeat(np.arange(len(message.fill_count)), ints(message.fill_count)),
        trade_id=_texts(found.trade_id),
        time_ns=ints(found.event_time_ns),
        price=floats(found.price),
        quantity=floats(found.quantity),
        fee=floats(found.fee),
        fee_currency=_texts(found.fee_currency),
        liquidity=_texts(_LIQUIDITY_NAMES[one] for one in found.liquidity_side),
    )


def _texts(values: Iterable[str]) -> Texts:
    return np.array([*values], dtype=object)
