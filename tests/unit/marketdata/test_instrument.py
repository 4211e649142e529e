"""Which descriptions of an instrument make sense."""

from decimal import Decimal

import pytest
from tests.unit.marketdata.batches import instrument

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.instrument import InstrumentClass

BAD = [
    ({"instrument": "AAPL"}, "instrument.instrument"),
    ({"instrument": "AA PL.XNAS"}, "instrument.instrument"),
    ({"instrument": ".XNAS"}, "instrument.instrument"),
    ({"currency": "usd"}, "instrument.currency"),
    ({"price_precision": 10}, "instrument.price_precision"),
    ({"size_precision": -1}, "instrument.size_precision"),
    ({"price_increment": Decimal(0)}, "instrument.price_increment"),
    ({"price_increment": Decimal("0.005")}, "instrument.price_increment"),
    ({"size_increment": Decimal("0.1")}, "instrument.size_increment"),
    ({"multiplier": Decimal(-1)}, "instrument.multiplier"),
    ({"multiplier": Decimal("1e30")}, "instrument.multiplier"),
    ({"is_inverse": True}, "instrument.is_inverse"),
    ({"instrument_class": InstrumentClass.CURRENCY_PAIR}, "instrument.base_currency"),
    ({"display_name": "x" * 501}, "instrument.display_name"),
    ({"sector": "x" * 101}, "instrument.sector"),
]


@pytest.mark.parametrize(("values", "field"), BAD)
def test_what_makes_no_sense_is_refused_by_field(values, field):
    with pytest.raises(InvalidField) as caught:
        instrument(**values)
    assert caught.value.field == field


def test_a_symbol_may_contain_a_slash():
    pair = InstrumentClass.CURRENCY_PAIR
    made = instrument(instrument="EUR/USD.IDEALPRO", instrument_class=pair, base_currency="EUR")
    assert made.instrument == "EUR/USD.IDEALPRO"


def test_an_increment_may_have_trailing_zeros():
    assert instrument(price_increment=Decimal("0.0500")).price_increment == Decimal("0.05")
