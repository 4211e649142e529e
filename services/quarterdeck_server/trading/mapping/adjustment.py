"""Cash flows and corporate actions of messages to the portfolio's, and flows back."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from google.type.decimal_pb2 import Decimal as DecimalMessage

from quarterdeck.api.trading.v1 import cash_flow_pb2, corporate_action_pb2, trading_event_pb2
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.money import Money, trimmed
from quarterdeck_server.runtime.convert import decimal_from, decimal_to, timestamp_to
from quarterdeck_server.trading.domain.order import Word
from quarterdeck_server.trading.portfolio import Action, Dividend, Flow, FlowKind, Split

KINDS = {
    cash_flow_pb2.CASH_FLOW_KIND_DEPOSIT: FlowKind.DEPOSIT,
    cash_flow_pb2.CASH_FLOW_KIND_WITHDRAWAL: FlowKind.WITHDRAWAL,
    cash_flow_pb2.CASH_FLOW_KIND_TRANSFER: FlowKind.TRANSFER,
    cash_flow_pb2.CASH_FLOW_KIND_FUNDING: FlowKind.FUNDING,
    cash_flow_pb2.CASH_FLOW_KIND_DIVIDEND: FlowKind.DIVIDEND,
    cash_flow_pb2.CASH_FLOW_KIND_INTEREST: FlowKind.INTEREST,
    cash_flow_pb2.CASH_FLOW_KIND_CHARGE: FlowKind.CHARGE,
}
_OF_EVENT = frozenset({"account", "strategy"})


def flow_from(message: cash_flow_pb2.CashFlow, event_id: str, word: Word, path: str) -> Flow:
    """Read a cash flow; ``path`` is that of the event."""
    if message.kind not in KINDS:
        problem = "must not be an opening balance, which a node's registration tells"
        raise InvalidField(f"{path}.cash_flow.kind", problem)
    with _below(path, "cash_flow"):
        return Flow(
            id=event_id,
            account=word.account,
            kind=KINDS[message.kind],
            money=_money(message.amount, message.currency),
            time_ns=word.time_ns,
            strategy=word.strategy,
            instrument=message.instrument,
            counter_account=message.counter_account,
            reference=message.reference,
        )


def action_from(
    message: corporate_action_pb2.CorporateAction, event_id: str, word: Word, path: str
) -> Action:
    """Read a corporate action; ``path`` is that of the event."""
    if word.strategy:
        raise InvalidField(f"{path}.strategy", "must be empty: it happened to every strategy")
    if message.HasField("split"):
        if word.account:
            raise InvalidField(f"{path}.account", "must be empty: a split happened to everybody")
        with _below(path, "corporate_action"):
            return Split(
                id=event_id,
                instrument=message.instrument,
                numerator=_number(message.split.numerator, "split.numerator"),
                denominator=_number(message.split.denominator, "split.denominator"),
                time_ns=word.time_ns,
            )
    dividend = message.cash_dividend
    with _below(path, "corporate_action"):
        with _below("cash_dividend", ""):
            money = _money(dividend.amount, dividend.currency)
        return Dividend(event_id, message.instrument, money, word.time_ns, word.account)


def opening_to(flow: Flow) -> trading_event_pb2.TradingEvent:
    """Write an opening balance as the event that the log keeps of it."""
    return trading_event_pb2.TradingEvent(
        event_id=flow.id,
        event_time=timestamp_to(flow.time_ns),
        account=flow.account,
        cash_flow=cash_flow_pb2.CashFlow(
            kind=cash_flow_pb2.CASH_FLOW_KIND_OPENING_BALANCE,
            amount=decimal_to(flow.money.amount),
            currency=flow.money.currency,
        ),
    )


def _money(amount: DecimalMessage, currency: str) -> Money:
    return Money(_number(amount, "amount"), currency)


def _number(message: DecimalMessage, field: str) -> Decimal:
    return trimmed(decimal_from(message, field))


@contextmanager
def _below(path: str, part: str) -> Iterator[None]:
    """Name the fields of refusals from the request on."""
    try:
        yield
    except InvalidField as error:
        of_event = error.field in _OF_EVENT or not part
        where = path if of_event else f"{path}.{part}"
        raise InvalidField(f"{where}.{error.field}", error.problem) from error
