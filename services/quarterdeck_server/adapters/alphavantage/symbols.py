"""What Alpha Vantage calls an instrument: a symbol with the suffix of a place."""

from quarterdeck_server.marketdata.domain.instrument import Instrument, InstrumentClass
from quarterdeck_server.marketdata.domain.source import NotOffered

SUFFIXES = {
    **dict.fromkeys(("XNAS", "XNYS", "ARCX", "XASE", "BATS", "IEXG"), ""),
    "XLON": ".LON",
    "XTSE": ".TRT",
    "XTSX": ".TRV",
    "XETR": ".DEX",
    "XBOM": ".BSE",
    "XSHG": ".SHH",
    "XSHE": ".SHZ",
}
"""By the code of the market (ISO 10383); the United States have none."""


def symbol_of(instrument: Instrument) -> str:
    """Return the vendor's symbol. Raises NotOffered."""
    symbol, _, venue = instrument.instrument.rpartition(".")
    if instrument.instrument_class is not InstrumentClass.EQUITY:
        raise NotOffered(instrument.instrument, "Alpha Vantage has bars of shares alone")
    if venue not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise NotOffered(instrument.instrument, f"Alpha Vantage is asked for {known} alone")
    # Classes of shares: BRK.B is BRK-B there.
    return symbol.replace(".", "-") + SUFFIXES[venue]


def is_american(instrument: Instrument) -> bool:
    """Tell whether it is traded in the United States."""
    return SUFFIXES.get(instrument.instrument.rpartition(".")[2]) == ""
