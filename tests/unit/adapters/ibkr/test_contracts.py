"""What instruments are called at Interactive Brokers, and what is known of them from there."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest

from quarterdeck_server.adapters.ibkr.codes import Meaning, is_empty, is_pacing, meaning
from quarterdeck_server.adapters.ibkr.contracts import (
    ContractQuery,
    differences,
    identifier,
    instrument_of,
    query,
)

QUERIES = {
    "AAPL.XNAS": ContractQuery("STK", "AAPL", "", "SMART", "NASDAQ", "USD"),
    "BRK.B.XNYS": ContractQuery("STK", "BRK B", "", "SMART", "NYSE", "USD"),
    "VOD.XLON": ContractQuery("STK", "VOD", "", "SMART", "LSE", ""),
    "SAP.IBIS2": ContractQuery("STK", "SAP", "", "SMART", "IBIS2", ""),
    "EUR/USD.IDEALPRO": ContractQuery("CASH", "EUR", "", "IDEALPRO", "", "USD"),
    "^SPX.XCBO": ContractQuery("IND", "SPX", "", "CBOE", "", ""),
    "ESZ6.XCME": ContractQuery("FUT", "", "ESZ6", "CME", "", ""),
}


def details(
    asked: ContractQuery, *, min_tick: float = 0.01, magnifier: int = 1, multiplier: str = ""
) -> SimpleNamespace:
    contract = SimpleNamespace(
        secType=asked.sec_type,
        symbol=asked.symbol or asked.local_symbol,
        localSymbol=asked.local_symbol or asked.symbol,
        exchange=asked.exchange,
        primaryExchange=asked.primary_exchange,
        currency=asked.currency or "USD",
        multiplier=multiplier,
    )
    sizes = {"sizeIncrement": 1.0, "minSize": 1.0}
    return SimpleNamespace(
        contract=contract,
        longName="",
        minTick=min_tick,
        priceMagnifier=magnifier,
        **sizes,
        industry="Technology",
    )


@pytest.mark.parametrize(("instrument", "asked"), QUERIES.items())
def test_an_instrument_is_asked_for_and_named_back(instrument, asked):
    assert query(instrument) == asked
    assert identifier(details(asked)) == instrument


def test_a_contract_number_says_it_all():
    assert query("AAPL.XNAS", 265598) == ContractQuery(con_id=265598)


def test_prices_in_pence_are_worth_a_hundredth():
    told = instrument_of("VOD.XLON", details(QUERIES["VOD.XLON"], magnifier=100))
    assert told.multiplier == Decimal("0.01")
    assert told.trading_calendar == "XLON"


def test_shares_keep_the_finer_prices_of_their_trades():
    told = instrument_of("AAPL.XNAS", details(QUERIES["AAPL.XNAS"]))
    assert (told.price_precision, told.price_increment) == (4, Decimal("0.01"))
    assert told.sector == "Technology"
    stored = replace(told, price_precision=2, currency="EUR")
    assert differences(stored, told) == ["currency", "price_precision"]
    assert differences(told, told) == []


def test_futures_and_pairs_have_hours_of_their_own():
    pair = instrument_of("EUR/USD.IDEALPRO", details(QUERIES["EUR/USD.IDEALPRO"], min_tick=5e-05))
    assert (pair.trading_calendar, pair.price_increment) == ("24/5", Decimal("0.00005"))
    future = details(QUERIES["ESZ6.XCME"], min_tick=0.25, multiplier="50")
    assert instrument_of("ESZ6.XCME", future).trading_calendar == ""


def test_codes_mean_what_the_vendor_says():
    assert [meaning(code) for code in (1100, 1101, 1102)] == [
        Meaning.LOST,
        Meaning.RESTORED_EMPTY,
        Meaning.RESTORED,
    ]
    assert meaning(2104) is meaning(10167) is Meaning.TOLD
    assert meaning(354) is meaning(10197) is Meaning.REFUSED
    assert is_pacing(162, "Historical data request pacing violation")
    assert is_empty(162, "HMDS query returned no data: AAPL")
