"""Instruments to trade: a share in dollars, unless a test says otherwise."""

from google.type.decimal_pb2 import Decimal

from quarterdeck.api.marketdata.v1.instrument_pb2 import INSTRUMENT_CLASS_EQUITY, Instrument
from quarterdeck.api.marketdata.v1.instrument_service_pb2 import UpsertInstrumentRequest


def share(name: str = "AAPL.XNAS", **values: object) -> Instrument:
    """Describe a share; values are fields of the contract."""
    described = {
        "display_name": "A share",
        "instrument_class": INSTRUMENT_CLASS_EQUITY,
        "currency": "USD",
        "price_precision": 2,
        "price_increment": Decimal(value="0.01"),
        "size_increment": Decimal(value="1"),
        "multiplier": Decimal(value="1"),
    }
    return Instrument(instrument=name, **described | values)


def upsert(name: str = "AAPL.XNAS", **values: object) -> UpsertInstrumentRequest:
    """Make such an instrument known."""
    return UpsertInstrumentRequest(instrument=share(name, **values))
