"""What the broker says, as the trading log is compared with it, read from a fake TWS."""

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.integration.ibkr.tws.account import NAME

from quarterdeck_server.adapters.ibkr.broker import BrokerValue
from quarterdeck_server.adapters.ibkr.statement import statement_of
from quarterdeck_server.adapters.ibkr.wiring import ibkr_broker, ibkr_statements
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.trading.domain.statement import Item, Subject, Terms

APPLE = "AAPL.XNAS"


async def test_positions_orders_and_fills_are_told_with_their_sign(tws, settings):
    told = await ibkr_statements(settings, SystemClock()).statement()
    assert told.items[Item(Subject.POSITION, NAME, instrument=APPLE)] == Terms(Decimal(100))
    (order,) = [item for item in told.items if item.subject is Subject.ORDER]
    assert told.items[order] == Terms(Decimal(6), Decimal("149.5"))
    (fill,) = [item for item in told.items if item.subject is Subject.FILL]
    assert told.items[fill] == Terms(Decimal(4), Decimal("149.5"))
    assert told.coverage.accounts == {NAME}
    assert Subject.FILL not in told.coverage.subjects


async def test_cash_is_told_by_currency_and_malformed_cash_is_refused(tws, settings):
    view = await ibkr_broker(settings, SystemClock()).view()
    told = (BrokerValue(NAME, "CashBalance", "-5.10", "EUR"),)
    base = (BrokerValue(NAME, "CashBalance", "7", "BASE"),)
    items = statement_of(replace(view, values=told + base)).items
    cash = {item: terms for item, terms in items.items() if item.subject is Subject.CASH}
    assert cash == {Item(Subject.CASH, NAME, currency="EUR"): Terms(Decimal("-5.1"))}
    malformed = (BrokerValue(NAME, "CashBalance", "much", "EUR"),)
    with pytest.raises(Unavailable):
        statement_of(replace(view, values=malformed))


async def test_a_reference_of_the_trading_engine_is_its_own_identifier(tws, settings):
    view = await ibkr_broker(settings, SystemClock()).view()
    referred = replace(view.orders[0], reference="O-20260105-001:17")
    items = statement_of(replace(view, orders=(referred,))).items
    assert Item(Subject.ORDER, NAME, instrument=APPLE, reference="O-20260105-001") in items
