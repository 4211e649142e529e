"""Rows of a file of events to events; what is refused is named by row and column."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from quarterdeck.api.trading.v1 import (
    cash_flow_pb2,
    corporate_action_pb2,
    fill_pb2,
    order_pb2,
    trading_event_pb2,
)
from quarterdeck_server.kernel.errors import InvalidField, InvalidRequest, QuarterdeckError
from quarterdeck_server.kernel.sheet import Row, SheetInvalid, rows
from quarterdeck_server.runtime.convert import decimal_to
from quarterdeck_server.runtime.rules import enforce
from quarterdeck_server.trading.domain.event import Event
from quarterdeck_server.trading.mapping.event import event_from

FIELD = "csv"
MOST_ROWS = 2_000
MOST_BYTES = 100_000
REQUIRED = ("record", "time", "account")
COLUMNS = (
    *REQUIRED,
    *("strategy", "instrument", "client_order_id", "side", "quantity"),
    *("event_id", "venue_order_id", "trade_id", "price", "fee", "fee_currency", "liquidity"),
    *("status", "order_type", "time_in_force", "limit_price", "trigger_price", "reason"),
    *("decision_price", "kind", "amount", "currency", "counter_account", "reference"),
    *("numerator", "denominator"),
)
# Where the contract's word for a field is not the column's.
_RENAMED = {"event_time": "time", "status_reason": "reason", "liquidity_side": "liquidity"}


class _Words(Protocol):
    """An enum of the contract."""

    def items(self) -> Sequence[tuple[str, int]]: ...


def read_events(content: str) -> Iterator[tuple[Row, Event | SheetInvalid]]:
    """Yield the rows of a file, each with its event or why it is none."""
    before_ns = 0
    for row in rows(FIELD, content, REQUIRED, COLUMNS, MOST_ROWS):
        try:
            event = _event(row)
            if event.word.time_ns < before_ns:
                raise row.refused("time", "must not be before the row above")
            before_ns = event.word.time_ns
            yield row, event
        except QuarterdeckError as error:
            yield row, refusal(row, error)


def refusal(row: Row, error: QuarterdeckError) -> SheetInvalid:
    """Return the refusal of a row, whatever refused it."""
    if isinstance(error, SheetInvalid):
        return error
    if isinstance(error, InvalidRequest):
        return row.refused(_column(error.problems[0][0]), error.problems[0][1])
    if isinstance(error, InvalidField):
        return row.refused(_column(error.field), error.problem)
    return row.refused(_column(error.metadata.get("field", "")), str(error))


def _column(path: str) -> str:
    name = path.rsplit(".", 1)[-1]
    column = _RENAMED.get(name, name)
    return column if column in COLUMNS else ""


def _event(row: Row) -> Event:
    time_ns = row.time_ns("time")
    message = trading_event_pb2.TradingEvent(
        event_id=row.optional("event_id") or _identifier(row),
        event_time=Timestamp(seconds=time_ns // 10**9, nanos=time_ns % 10**9),
        account=row.optional("account"),
        strategy=row.optional("strategy"),
    )
    record = row.text("record")
    if record not in _RECORDS:
        raise row.refused("record", f"must be one of {', '.join(_RECORDS)}")
    field, read = _RECORDS[record]
    getattr(message, field).CopyFrom(read(row))
    enforce(message, MOST_BYTES)
    return event_from(message, "", f"rows[{row.number}]")


def _identifier(row: Row) -> str:
    """Return the same identifier whenever a row with the same words is imported."""
    words = "\0".join(f"{name}={row.optional(name)}" for name in COLUMNS if row.optional(name))
    return f"file-{hashlib.sha256(words.encode()).hexdigest()[:48]}"


def _fill(row: Row) -> fill_pb2.Fill:
    message = fill_pb2.Fill(
        trade_id=row.text("trade_id"),
        client_order_id=row.text("client_order_id"),
        venue_order_id=row.optional("venue_order_id"),
        instrument=row.text("instrument"),
        side=order_pb2.OrderSide.ValueType(_word(row, "side", order_pb2.OrderSide)),
        quantity=decimal_to(row.number_of("quantity")),
        price=decimal_to(row.number_of("price")),
        fee_currency=row.optional("fee_currency"),
        liquidity_side=fill_pb2.LiquiditySide.ValueType(
            _word(row, "liquidity", fill_pb2.LiquiditySide)
        ),
    )
    if (fee := row.optional_number("fee")) is not None:
        message.fee.CopyFrom(decimal_to(fee))
    return message


def _correction(row: Row) -> trading_event_pb2.FillCorrection:
    message = trading_event_pb2.FillCorrection(
        instrument=row.text("instrument"),
        client_order_id=row.text("client_order_id"),
        trade_id=row.text("trade_id"),
        quantity=decimal_to(row.number_of("quantity")),
        price=decimal_to(row.number_of("price")),
        fee_currency=row.optional("fee_currency"),
        reason=row.optional("reason"),
    )
    if (fee := row.optional_number("fee")) is not None:
        message.fee.CopyFrom(decimal_to(fee))
    return message


def _bust(row: Row) -> trading_event_pb2.FillBust:
    return trading_event_pb2.FillBust(
        instrument=row.text("instrument"),
        client_order_id=row.text("client_order_id"),
        trade_id=row.text("trade_id"),
        reason=row.optional("reason"),
    )


def _order(row: Row) -> trading_event_pb2.OrderEvent:
    message = trading_event_pb2.OrderEvent(
        client_order_id=row.text("client_order_id"),
        venue_order_id=row.optional("venue_order_id"),
        instrument=row.text("instrument"),
        status=order_pb2.OrderStatus.ValueType(_word(row, "status", order_pb2.OrderStatus)),
        side=order_pb2.OrderSide.ValueType(_word(row, "side", order_pb2.OrderSide)),
        order_type=order_pb2.OrderType.ValueType(_word(row, "order_type", order_pb2.OrderType)),
        time_in_force=order_pb2.TimeInForce.ValueType(
            _word(row, "time_in_force", order_pb2.TimeInForce)
        ),
        quantity=decimal_to(row.number_of("quantity")),
        status_reason=row.optional("reason"),
    )
    for column in ("limit_price", "trigger_price", "decision_price"):
        if (price := row.optional_number(column)) is not None:
            getattr(message, column).CopyFrom(decimal_to(price))
    return message


def _cash_flow(row: Row) -> cash_flow_pb2.CashFlow:
    return cash_flow_pb2.CashFlow(
        kind=cash_flow_pb2.CashFlowKind.ValueType(_word(row, "kind", cash_flow_pb2.CashFlowKind)),
        amount=decimal_to(row.number_of("amount")),
        currency=row.text("currency"),
        counter_account=row.optional("counter_account"),
        instrument=row.optional("instrument"),
        reference=row.optional("reference"),
    )


def _split(row: Row) -> corporate_action_pb2.CorporateAction:
    return corporate_action_pb2.CorporateAction(
        instrument=row.text("instrument"),
        split=corporate_action_pb2.Split(
            numerator=decimal_to(row.number_of("numerator")),
            denominator=decimal_to(row.number_of("denominator")),
        ),
        reference=row.optional("reference"),
    )


def _cash_dividend(row: Row) -> corporate_action_pb2.CorporateAction:
    return corporate_action_pb2.CorporateAction(
        instrument=row.text("instrument"),
        cash_dividend=corporate_action_pb2.CashDividend(
            amount=decimal_to(row.number_of("amount")), currency=row.text("currency")
        ),
        reference=row.optional("reference"),
    )


def _word(row: Row, column: str, words: _Words) -> int:
    """Return the number of an enum's word, 0 where nothing is written."""
    if not (text := row.optional(column)):
        return 0
    names = dict(words.items())
    prefix = next(iter(names)).removesuffix("UNSPECIFIED")
    known = {name.removeprefix(prefix).lower(): names[name] for name in [*names][1:]}
    if text.lower() not in known:
        raise row.refused(column, f"must be one of {', '.join(known)}")
    return known[text.lower()]


_RECORDS: Mapping[str, tuple[str, Callable[[Row], Message]]] = {
    "order": ("order", _order),
    "fill": ("fill", _fill),
    "correction": ("fill_correction", _correction),
    "bust": ("fill_bust", _bust),
    "cash_flow": ("cash_flow", _cash_flow),
    "split": ("corporate_action", _split),
    "cash_dividend": ("corporate_action", _cash_dividend),
}
