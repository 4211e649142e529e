"""What the broker says, in the words in which the trading log is compared with it."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from quarterdeck_server.adapters.ibkr.broker import BrokerView, IbkrBroker
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.trading.domain.statement import (
    Coverage,
    Item,
    Statement,
    Subject,
    Terms,
)

SOURCE = "brokers/ibkr"
CASH = "CashBalance"
BASE = "BASE"


class IbkrStatements:
    """Asks the broker whenever the log is to be compared with it."""

    def __init__(self, broker: IbkrBroker) -> None:
        self._broker = broker

    async def statement(self) -> Statement:
        """Return what the broker says now; fails with Unavailable."""
        return statement_of(await self._broker.view())


def statement_of(view: BrokerView) -> Statement:
    """Return a view as a statement.

    Positions, working orders and cash are complete. Of fills the broker tells the day's alone, and
    a day of it ends at an hour of its own, so what it leaves out proves nothing.
    """
    subjects = frozenset({Subject.POSITION, Subject.ORDER, Subject.CASH})
    items = {**_positions(view), **_cash(view), **_orders(view), **_fills(view)}
    return Statement(SOURCE, Coverage(frozenset(view.accounts), subjects), items)


def _positions(view: BrokerView) -> dict[Item, Terms]:
    # The average cost holds commissions and multipliers, so it is no price to compare with.
    return {
        Item(Subject.POSITION, one.account, instrument=one.instrument): Terms(_exact(one.quantity))
        for one in view.positions
    }


def _cash(view: BrokerView) -> dict[Item, Terms]:
    return {
        Item(Subject.CASH, one.account, currency=one.currency): Terms(_number(one.value))
        for one in view.values
        if one.tag == CASH and one.currency != BASE
    }


def _orders(view: BrokerView) -> dict[Item, Terms]:
    return dict(_order_items(view))


def _order_items(view: BrokerView) -> Iterator[tuple[Item, Terms]]:
    for one in view.orders:
        # The trading engine writes its own identifier, a colon and the broker's number.
        reference = one.reference.rsplit(":", 1)[0] or str(one.order_id)
        item = Item(Subject.ORDER, one.account, instrument=one.instrument, reference=reference)
        price = None if one.limit_price is None else _exact(one.limit_price)
        yield item, Terms(_signed(one.side, one.remaining), price)


def _fills(view: BrokerView) -> dict[Item, Terms]:
    return {
        Item(
            Subject.FILL, one.account, instrument=one.instrument, reference=one.execution_id
        ): Terms(_signed(one.side, one.quantity), _exact(one.price))
        for one in view.executions
    }


def _signed(side: str, quantity: float) -> Decimal:
    return _exact(quantity) if side == "BUY" else -_exact(quantity)


def _exact(number: float) -> Decimal:
    return _number(repr(float(number)))


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise Unavailable("the broker sent a malformed number", dependency="ibkr") from error
    if not number.is_finite():
        raise Unavailable("the broker sent a number without an end", dependency="ibkr")
    return number
