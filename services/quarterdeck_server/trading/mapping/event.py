"""Reported events to the domain; what is refused is named by its path in the request."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Literal

from google.type.decimal_pb2 import Decimal as DecimalMessage

from quarterdeck.api.trading.v1 import account_pb2, fill_pb2, trading_event_pb2
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.money import checked, currency_code, positive
from quarterdeck_server.runtime.convert import decimal_from, decimal_to, timestamp_from
from quarterdeck_server.trading.domain.amendment import Bust, Correction, FillTerms
from quarterdeck_server.trading.domain.event import (
    AccountReport,
    Balance,
    Body,
    Event,
    PositionReport,
)
from quarterdeck_server.trading.domain.fill import Fill, FillKey, OrderSide
from quarterdeck_server.trading.domain.order import (
    Nature,
    OrderChange,
    OrderStatus,
    Terms,
    Word,
)
from quarterdeck_server.trading.mapping.adjustment import action_from, flow_from, opening_to
from quarterdeck_server.trading.portfolio import Flow

SIDES = frozenset(map(int, OrderSide))
WITHOUT_STRATEGY = frozenset({"account_state", "cash_flow", "corporate_action"})

type OrderPrice = Literal["limit_price", "trigger_price", "decision_price"]


def opening_event(flow: Flow) -> Event:
    """Return an opening balance as the event that the log keeps of it."""
    message = opening_to(flow)
    return Event(
        path="opening_balances",
        event_id=flow.id,
        digest=digest(message),
        content=message.SerializeToString(deterministic=True),
        word=Word("", flow.account, "", flow.time_ns, is_reconciliation=False),
        body=flow,
    )


def events_from(
    messages: Iterable[trading_event_pb2.TradingEvent], node: str = ""
) -> tuple[Event, ...]:
    """Read the events of a batch, refusing the first that cannot be accepted."""
    return tuple(
        event_from(message, node, f"events[{index}]") for index, message in enumerate(messages)
    )


def event_from(message: trading_event_pb2.TradingEvent, node: str, path: str) -> Event:
    """Read one event."""
    time_ns = timestamp_from(message.event_time, f"{path}.event_time")
    word = Word(node, message.account, message.strategy, time_ns, message.reconciliation)
    kind = message.WhichOneof("event")
    if kind not in WITHOUT_STRATEGY and not message.strategy:
        raise InvalidField(f"{path}.strategy", "must not be empty")
    if kind != "corporate_action" and not message.account:
        raise InvalidField(f"{path}.account", "must not be empty")
    return Event(
        path=path,
        event_id=message.event_id,
        digest=digest(message),
        content=message.SerializeToString(deterministic=True),
        word=word,
        body=_body(message, word, path),
    )


def digest(message: trading_event_pb2.TradingEvent) -> bytes:
    """Return the hash of what makes an event the same event.

    Whether it came live or from a reconciliation, and what the contract ignores, does not count;
    nor does the time of an order's change, which a node may tell otherwise when it knows more, nor
    the price at which it was decided, which a node may have forgotten.
    """
    content = trading_event_pb2.TradingEvent()
    content.CopyFrom(message)
    content.ClearField("reconciliation")
    if content.HasField("order"):
        content.ClearField("event_time")
        content.order.ClearField("decision_price")
    if content.HasField("fill"):
        for field in ("account", "strategy", "node", "event_time", "order_unknown", "late"):
            content.fill.ClearField(field)
        content.fill.ClearField("busted")
        content.fill.ClearField("correction_count")
    if content.HasField("account_state"):
        content.account_state.ClearField("account")
        content.account_state.ClearField("event_time")
    return hashlib.sha256(content.SerializeToString(deterministic=True)).digest()


def _body(message: trading_event_pb2.TradingEvent, word: Word, path: str) -> Body:
    kind = message.WhichOneof("event")
    if kind is None:
        raise InvalidField(f"{path}.event", "must be given")
    return _READERS[kind](message, word, path)


def _order_from(message: trading_event_pb2.OrderEvent, path: str) -> OrderChange:
    return OrderChange(
        client_order_id=message.client_order_id,
        venue_order_id=message.venue_order_id,
        status=OrderStatus(message.status),
        status_reason=message.status_reason,
        nature=Nature(
            instrument=message.instrument,
            side=OrderSide(message.side),
            order_type=message.order_type,
            time_in_force=message.time_in_force,
            reduce_only=message.reduce_only,
        ),
        terms=Terms(
            quantity=_positive(message.quantity, f"{path}.quantity"),
            limit_price=_price(message, "limit_price", path),
            trigger_price=_price(message, "trigger_price", path),
        ),
        decision_price=_price(message, "decision_price", path),
    )


def _price(message: trading_event_pb2.OrderEvent, field: OrderPrice, path: str) -> Decimal | None:
    if not message.HasField(field):
        return None
    return _checked(getattr(message, field), f"{path}.{field}")


def _fill_from(message: fill_pb2.Fill, event_id: str, word: Word, path: str) -> Fill:
    for field in ("trade_id", "client_order_id", "instrument"):
        if not getattr(message, field):
            raise InvalidField(f"{path}.{field}", "must not be empty")
    if message.side not in SIDES:
        raise InvalidField(f"{path}.side", "must be ORDER_SIDE_BUY or ORDER_SIDE_SELL")
    if not message.HasField("price"):
        raise InvalidField(f"{path}.price", "must be given")
    return Fill(
        event_id=event_id,
        trade_id=message.trade_id,
        client_order_id=message.client_order_id,
        venue_order_id=message.venue_order_id,
        account=word.account,
        strategy=word.strategy,
        instrument=message.instrument,
        node=word.node,
        side=OrderSide(message.side),
        quantity=_positive(message.quantity, f"{path}.quantity"),
        price=_checked(message.price, f"{path}.price"),
        fee=_fee(message, path),
        fee_currency=message.fee_currency,
        liquidity_side=message.liquidity_side,
        event_time_ns=word.time_ns,
    )


def _correction_from(
    message: trading_event_pb2.FillCorrection, word: Word, path: str
) -> Correction:
    terms = FillTerms(
        quantity=_positive(message.quantity, f"{path}.quantity"),
        price=_checked(message.price, f"{path}.price"),
        fee=_fee(message, path),
        fee_currency=message.fee_currency,
    )
    return Correction(_fill_key(message, word), terms, word.time_ns)


def _fill_key(
    message: trading_event_pb2.FillCorrection | trading_event_pb2.FillBust, word: Word
) -> FillKey:
    return FillKey(word.account, message.instrument, message.client_order_id, message.trade_id)


def _fee(message: fill_pb2.Fill | trading_event_pb2.FillCorrection, path: str) -> Decimal | None:
    if not message.HasField("fee"):
        return None
    currency_code(f"{path}.fee_currency", message.fee_currency)
    return _checked(message.fee, f"{path}.fee")


def _position_from(message: trading_event_pb2.PositionReport, path: str) -> PositionReport:
    if message.HasField("average_price"):
        _checked(message.average_price, f"{path}.average_price")
    return PositionReport(message.instrument, _checked(message.quantity, f"{path}.quantity"))


def _account_from(message: account_pb2.AccountState, word: Word, path: str) -> AccountReport:
    state = account_pb2.AccountState(account=word.account, reported=message.reported)
    state.event_time.FromNanoseconds(word.time_ns)
    for index, balance in enumerate(message.balances):
        state.balances.append(_balance(balance, f"{path}.balances[{index}]"))
    return AccountReport(
        balances=tuple(Balance(b.currency, Decimal(b.total.value)) for b in state.balances),
        payload=state.SerializeToString(deterministic=True),
    )


def _balance(message: account_pb2.Balance, path: str) -> account_pb2.Balance:
    written = account_pb2.Balance(currency=currency_code(f"{path}.currency", message.currency))
    for field in ("total", "locked", "free"):
        if message.HasField(field):
            amount = _checked(getattr(message, field), f"{path}.{field}")
            getattr(written, field).CopyFrom(decimal_to(amount))
        elif field == "total":
            raise InvalidField(f"{path}.total", "must be given")
    return written


def opening_balances(messages: Sequence[account_pb2.Balance], path: str) -> tuple[Balance, ...]:
    """Read the balances that an account starts from."""
    return tuple(
        Balance(
            currency_code(f"{path}[{index}].currency", message.currency),
            _checked(message.total, f"{path}[{index}].total"),
        )
        for index, message in enumerate(messages)
    )


def _checked(message: DecimalMessage, field: str) -> Decimal:
    return _plain(checked(field, decimal_from(message, field)))


def _positive(message: DecimalMessage, field: str) -> Decimal:
    return _plain(positive(field, decimal_from(message, field)))


def _plain(number: Decimal) -> Decimal:
    # As the database will give it back: no exponent, no negative zero.
    return Decimal(format(number, "f")) if number else abs(number)


type _Reader = Callable[[trading_event_pb2.TradingEvent, Word, str], Body]

_READERS: Mapping[str, _Reader] = {
    "order": lambda m, _, path: _order_from(m.order, f"{path}.order"),
    "fill": lambda m, word, path: _fill_from(m.fill, m.event_id, word, f"{path}.fill"),
    "position": lambda m, _, path: _position_from(m.position, f"{path}.position"),
    "account_state": lambda m, word, path: _account_from(
        m.account_state, word, f"{path}.account_state"
    ),
    "cash_flow": lambda m, word, path: flow_from(m.cash_flow, m.event_id, word, path),
    "fill_correction": lambda m, word, path: _correction_from(
        m.fill_correction, word, f"{path}.fill_correction"
    ),
    "fill_bust": lambda m, word, _: Bust(_fill_key(m.fill_bust, word), word.time_ns),
    "corporate_action": lambda m, word, path: action_from(
        m.corporate_action, m.event_id, word, path
    ),
}
