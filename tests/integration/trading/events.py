"""Events as a node would report them, and prices as the market would show them."""

import itertools
import time
from decimal import Decimal

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal as DecimalMessage

from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.trading.v1 import (
    account_pb2,
    cash_flow_pb2,
    corporate_action_pb2,
    fill_pb2,
    node_pb2,
    node_service_pb2,
    order_pb2,
    trading_event_pb2,
)
from quarterdeck.api.trading.v1.trading_event_service_pb2 import (
    RecordAdjustmentsRequest,
    RecordEventsRequest,
)
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


def amended(kind, trade_id, where, **numbers):
    order_id = where.pop("client_order_id", "O-1")
    instrument = where.pop("instrument", "AAPL.XNAS")
    return kind(trade_id=trade_id, client_order_id=order_id, instrument=instrument, **numbers)


def correction(trade_id, quantity="10", price="100", fee=None, **where):
    kind, numbers = trading_event_pb2.FillCorrection, {"quantity": quantity, "price": price}
    numbers = {name: number(value) for name, value in numbers.items()}
    message = amended(kind, trade_id, where, **numbers)
    if fee:
        message.fee.CopyFrom(number(fee))
        message.fee_currency = "USD"
    return event(fill_correction=message, **where)


def bust(trade_id, **where):
    message = amended(trading_event_pb2.FillBust, trade_id, where, reason="erroneous")
    return event(fill_bust=message, **where)


def account_state(total="1000", **where):
    balance = account_pb2.Balance(currency="USD", total=number(total))
    state = account_pb2.AccountState(balances=[balance], reported=True)
    return event(strategy="", account_state=state, **where)


def cash_flow(kind="DEPOSIT", amount="500", **where):
    message = cash_flow_pb2.CashFlow(
        kind=cash_flow_pb2.CashFlowKind.Value(f"CASH_FLOW_KIND_{kind}"),
        amount=number(amount),
        currency=where.pop("currency", "USD"),
        counter_account=where.pop("counter_account", ""),
        instrument=where.pop("instrument", ""),
    )
    return event(strategy=where.pop("strategy", ""), cash_flow=message, **where)


def split(numerator="2", denominator="1", instrument="AAPL.XNAS", **where):
    ratio = corporate_action_pb2.Split(numerator=number(numerator), denominator=number(denominator))
    message = corporate_action_pb2.CorporateAction(instrument=instrument, split=ratio)
    return event(account="", strategy="", corporate_action=message, **where)


def dividend(amount="1", instrument="AAPL.XNAS", account="", **where):
    currency = where.pop("currency", "USD")
    paid = corporate_action_pb2.CashDividend(amount=number(amount), currency=currency)
    message = corporate_action_pb2.CorporateAction(instrument=instrument, cash_dividend=paid)
    return event(account=account, strategy="", corporate_action=message, **where)


def adjustments(*events: trading_event_pb2.TradingEvent) -> RecordAdjustmentsRequest:
    return RecordAdjustmentsRequest(events=events)


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
