"""What the broker says of an account, read from a fake TWS."""

import pytest
from tests.integration.ibkr.tws import ESZ6
from tests.integration.ibkr.tws.account import NAME, DoneExecution, HeldPosition, WorkingOrder

from quarterdeck_server.adapters.ibkr.broker import IbkrBroker
from quarterdeck_server.kernel.errors import InvalidField, Unavailable
from quarterdeck_server.runtime.clock import SystemClock


@pytest.fixture
def broker(settings) -> IbkrBroker:
    return IbkrBroker(settings, SystemClock())


async def test_the_view_holds_positions_orders_executions_and_values(tws, broker):
    tws.account.positions.append(HeldPosition(ESZ6, -2, 300_000.0))
    view = await broker.view()
    assert view.accounts == (NAME,)
    held = {position.instrument: position.quantity for position in view.positions}
    assert held == {"AAPL.XNAS": 100.0, "ESZ6.XCME": -2.0}
    (order,) = view.orders
    assert (order.instrument, order.order_id, order.side) == ("AAPL.XNAS", 1001, "BUY")
    assert (order.quantity, order.filled, order.remaining) == (10.0, 4.0, 6.0)
    assert (order.limit_price, order.stop_price, order.status) == (149.5, None, "Submitted")
    (done,) = view.executions
    assert (done.order_id, done.side, done.quantity, done.price) == (1001, "BUY", 4.0, 149.5)
    assert (done.commission, done.commission_currency) == (1.0, "USD")
    assert done.time_ns == 1_767_625_200 * 10**9
    values = {value.tag: (value.value, value.currency) for value in view.values}
    assert values["NetLiquidation"] == ("1015025.00", "USD")


async def test_the_view_is_of_one_account_where_one_is_set(tws, settings):
    tws.account.names = (NAME, "DU0000002")
    tws.account.orders.append(WorkingOrder(ESZ6, 6, 1002, "SELL", 1, 6000.0, account="DU0000002"))
    tws.account.executions.append(
        DoneExecution(ESZ6, "2.1", 6, 1002, "SLD", 1, 6000.0, account="DU0000002")
    )
    only = settings.model_copy(update={"account": "DU0000002"})
    view = await IbkrBroker(only, SystemClock()).view()
    assert [order.instrument for order in view.orders] == ["ESZ6.XCME"]
    assert [done.side for done in view.executions] == ["SELL"]
    assert view.positions == ()


async def test_an_account_of_nobody_is_refused(settings):
    other = settings.model_copy(update={"account": "DU9999999"})
    with pytest.raises(InvalidField, match=r"IBKR__ACCOUNT is no account"):
        await IbkrBroker(other, SystemClock()).view()


async def test_reading_never_places_or_changes_an_order(tws, broker):
    await broker.view()
    assert tws.orders_placed == 0


async def test_a_broker_that_does_not_answer_is_unavailable(tws, impatient):
    tws.answers_account = False
    with pytest.raises(Unavailable, match="does not answer"):
        await IbkrBroker(impatient, SystemClock()).view()
