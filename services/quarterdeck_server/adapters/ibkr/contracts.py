"""How instruments are called here and there. Pure.

``{symbol}.{venue}`` names a contract of Interactive Brokers so:

- ``EUR/USD.IDEALPRO``: a currency pair, where it trades;
- ``^SPX.XCBO``: an index, with a ``^`` before its symbol;
- ``ESZ6.XCME``: a future, by its local symbol, on a venue that has futures;
- ``AAPL.XNAS``: anything else is a share, routed by SMART, with the venue as its primary exchange.

A venue is a market identifier code of the table below, or the exchange's name at Interactive
Brokers itself. A point within a symbol is a space there: ``BRK.B.XNYS`` is "BRK B".
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from quarterdeck_server.kernel.money import quotient, trimmed
from quarterdeck_server.marketdata.domain import calendar
from quarterdeck_server.marketdata.domain.instrument import (
    MAX_PRECISION,
    Instrument,
    InstrumentClass,
)

PROVENANCE = "Interactive Brokers, under the user's own market data subscriptions"
SMART = "SMART"
PAIRS, INDICES, FUTURES, SHARES = "CASH", "IND", "FUT", "STK"
# Trades of shares come in steps that are finer than those of their quotes.
SHARE_PRECISION = 4
LARGEST_STEP = 1e9
CLASSES = {
    SHARES: InstrumentClass.EQUITY,
    PAIRS: InstrumentClass.CURRENCY_PAIR,
    FUTURES: InstrumentClass.FUTURE,
    INDICES: InstrumentClass.INDEX,
}
# What the United States' exchanges are called there, and those of futures anywhere.
US_EXCHANGES = {
    "XNAS": "NASDAQ",
    "XNYS": "NYSE",
    "ARCX": "ARCA",
    "XASE": "AMEX",
    "BATS": "BATS",
    "IEXG": "IEX",
}
OTHER_EXCHANGES = {
    "XLON": "LSE",
    "XETR": "IBIS",
    "XPAR": "SBF",
    "XAMS": "AEB",
    "XBRU": "ENEXT.BE",
    "XMIL": "BVME",
    "XSWX": "EBS",
    "XTSE": "TSE",
    "XHKG": "SEHK",
    "XTKS": "TSEJ",
    "XASX": "ASX",
    "XCBO": "CBOE",
}
FUTURES_EXCHANGES = {
    "XCME": "CME",
    "XCBT": "CBOT",
    "XNYM": "NYMEX",
    "XCEC": "COMEX",
    "XCBF": "CFE",
    "XEUR": "EUREX",
    "IFUS": "NYBOT",
    "IFEU": "IPE",
}
EXCHANGES = {**US_EXCHANGES, **OTHER_EXCHANGES, **FUTURES_EXCHANGES}
VENUES = {exchange: venue for venue, exchange in EXCHANGES.items()}
FUTURES_NAMES = frozenset(FUTURES_EXCHANGES.values())


@dataclass(frozen=True, slots=True)
class ContractQuery:
    """The fields that ask Interactive Brokers for one contract, in its words."""

    sec_type: str = ""
    symbol: str = ""
    local_symbol: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    con_id: int = 0

    def fields(self) -> dict[str, Any]:
        """Return the fields as both libraries' contracts name them."""
        return {
            "secType": self.sec_type,
            "symbol": self.symbol,
            "localSymbol": self.local_symbol,
            "exchange": self.exchange,
            "primaryExchange": self.primary_exchange,
            "currency": self.currency,
            "conId": self.con_id,
        }


def query(instrument: str, con_id: int | None = None) -> ContractQuery:
    """Return what to ask for an instrument, by the number of its contract if that is known."""
    if con_id is not None:
        return ContractQuery(con_id=con_id)
    symbol, _, venue = instrument.rpartition(".")
    exchange = EXCHANGES.get(venue, venue)
    if "/" in symbol:
        base, _, currency = symbol.partition("/")
        return ContractQuery(PAIRS, symbol=base, currency=currency, exchange=exchange)
    if symbol.startswith("^"):
        return ContractQuery(INDICES, symbol=symbol[1:], exchange=exchange)
    if exchange in FUTURES_NAMES:
        return ContractQuery(FUTURES, local_symbol=symbol, exchange=exchange)
    currency = "USD" if exchange in US_EXCHANGES.values() else ""
    name = symbol.replace(".", " ")
    return ContractQuery(
        SHARES, symbol=name, exchange=SMART, primary_exchange=exchange, currency=currency
    )


def identifier(details: Any) -> str:
    """Return what a contract is called here, from its details."""
    contract = details.contract
    exchange = contract.primaryExchange or contract.exchange
    venue = VENUES.get(exchange, exchange)
    if contract.secType == PAIRS:
        return f"{contract.symbol}/{contract.currency}.{venue}"
    if contract.secType == INDICES:
        return f"^{contract.symbol}.{venue}"
    local = contract.localSymbol or contract.symbol
    name = local if contract.secType == FUTURES else contract.symbol
    return f"{name.replace(' ', '.')}.{venue}"


def instrument_of(instrument: str, details: Any) -> Instrument:
    """Return the description of an instrument that Interactive Brokers gives.

    Raises InvalidField where the description does not hold together.
    """
    contract = details.contract
    kind = CLASSES[contract.secType]
    increment = _decimal(details.minTick)
    size_increment = _decimal(_size_step(details))
    finest = SHARE_PRECISION if kind is InstrumentClass.EQUITY else 0
    return Instrument(
        instrument=instrument,
        display_name=details.longName or contract.localSymbol or contract.symbol,
        instrument_class=kind,
        currency=contract.currency,
        base_currency=contract.symbol if kind is InstrumentClass.CURRENCY_PAIR else "",
        price_precision=max(finest, _digits(increment)),
        size_precision=_digits(size_increment),
        price_increment=increment,
        size_increment=size_increment,
        multiplier=_multiplier(contract.multiplier, details.priceMagnifier),
        provenance=PROVENANCE,
        trading_calendar=_calendar(instrument, kind),
        sector=details.industry or None,
    )


def differences(stored: Instrument, told: Instrument) -> list[str]:
    """Return what is stored otherwise than Interactive Brokers tells, where it matters."""
    names = ("instrument_class", "currency", "multiplier")
    others = [name for name in names if getattr(stored, name) != getattr(told, name)]
    is_coarser = stored.price_precision < told.price_precision
    return [*others, *(["price_precision"] if is_coarser else [])]


def _calendar(instrument: str, kind: InstrumentClass) -> str:
    """Return when it trades, where the venue alone tells: futures have hours of their own."""
    if kind is InstrumentClass.CURRENCY_PAIR:
        return calendar.WEEKDAYS
    venue = instrument.rpartition(".")[2]
    is_known = kind is InstrumentClass.EQUITY and venue in calendar.EXCHANGES
    return venue if is_known else ""


def _size_step(details: Any) -> float:
    """Return the step of sizes: one where none is told, or the number that stands for none."""
    step = details.sizeIncrement or details.minSize
    return float(step) if 0 < step < LARGEST_STEP else 1.0


def _decimal(number: float) -> Decimal:
    return trimmed(Decimal(repr(number)))


def _digits(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return min(max(-exponent, 0), MAX_PRECISION) if isinstance(exponent, int) else 0


def _multiplier(text: str, magnifier: int) -> Decimal:
    """Return the value of a point: where prices come in hundredths, that of a hundredth."""
    return trimmed(quotient(Decimal(text or 1), Decimal(magnifier or 1)))
