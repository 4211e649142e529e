"""Events as a node would report them, and prices as the market would show them."""

import itertools
import time
from decimal import Decimal

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal as DecimalMessage

from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.trading.v1 import (
    account_pb2,
    fill_pb2,
    node_pb2,
    node_service_pb2,
    order_pb2,
    trading_event_pb2,
)
from quarterdeck.api.trading.v1.trading_event_service_pb2 import RecordEventsRequest
from quarterdeck_server.runtime.bus import Message

DAY_S = 1_073_000_000
NUMBERS = itertools.count(1)


def number(value: object) -> DecimalMessage:
    return DecimalMessage(value=str(value))


def moment(seconds: float = 0) -> Timestamp:
    return Timestamp(seconds=int(DAY_S + seconds))


def batch(*events: trading_event_pb2.TradingEvent) -> RecordEventsRequest:
    return RecordEventsRequest(node="nodes/demo", events=events)


def event(account="SIM-001", strategy="Ema-001", at=0.0, **body) -> trading_event_pb2.TradingEvent:
    return trading_event_pb2.TradingEvent(
        event_id=f"event-{next(NUMBERS)}",
        event_time=moment(at),
        account=account,
        strategy=strategy,
        **body,
    )


def order(client_order_id="O-1", status="ACCEPTED", quantity="10", **where):
    message = trading_event_pb2.OrderEvent(
        client_order_id=client_order_id,
        instrument=where.pop("instrument", "AAPL.XNAS"),
        status=order_pb2.OrderStatus.Value(f"ORDER_STATUS_{status}"),
        side=order_pb2.ORDER_SIDE_BUY,
        order_type=order_pb2.ORDER_TYPE_MARKET,
        quantity=number(quantity),
    )
    return event(order=message, **where)


def fill(quantity="10", price="100", *, side="BUY", client_order_id="O-1", **where):
    message = fill_pb2.Fill(
        trade_id=where.pop("trade_id", f"T-{next(NUMBERS)}"),
        client_order_id=client_order_id,
        instrument=where.pop("instrument", "AAPL.XNAS"),
        side=order_pb2.OrderSide.Value(f"ORDER_SIDE_{side}"),
        quantity=number(quantity),
        price=number(price),
    )
    if fee := where.pop("fee", None):
        message.fee.CopyFrom(number(fee))
        message.fee_currency = where.pop("fee_currency", "USD")
    return event(fill=message, **where)


def account_state(total="1000", **where):
    balance = account_pb2.Balance(currency="USD", total=number(total))
    state = account_pb2.AccountState(balances=[balance], reported=True)
    return event(strategy="", account_state=state, **where)


def registration(account="SIM-001", balance="1000000", **more):
    opening = account_pb2.Balance(currency="USD", total=number(balance))
    return node_service_pb2.RegisterNodeRequest(
        node_id=more.pop("node_id", "demo"),
        mode=node_pb2.NODE_MODE_PAPER,
        accounts=[
            node_pb2.AccountRegistration(
                account=account, base_currency="USD", opening_balances=[opening]
            )
        ],
        strategies=["Ema-001"],
        **more,
    )


def quote(instrument: str, bid: str, ask: str, at: float = 60) -> Message:
    def scaled(price: str) -> int:
        return int(Decimal(price) * 100)

    payload = QuoteBatch(
        instrument=instrument,
        price_precision=2,
        event_time_ns=[int((DAY_S + at) * 1e9)],
        bid_price=[scaled(bid)],
        ask_price=[scaled(ask)],
        bid_size=[1],
        ask_size=[1],
    )
    topic = f"quotes/{instrument.replace('/', '%2F')}"
    return Message(topic, 1, 1, 1, time.time_ns(), payload.SerializeToString())
