"""The prices that ship with the deck."""

import numpy as np
import pytest
from tests.unit.marketdata.batches import NOW_NS, floats

from quarterdeck_server.adapters.replay.bundled import bundled, splits
from quarterdeck_server.marketdata.domain.faults import first_fault

DATA = bundled()
SERIES = {bars.instrument: bars for bars in DATA.series}


def test_five_stocks_are_there():
    rows = {name: len(bars) for name, bars in SERIES.items()}
    assert rows == {
        "AAPL.XNAS": 3270,
        "FB.XNAS": 196,
        "GOOG.XNAS": 2148,
        "IBM.XNYS": 3270,
        "MSFT.XNAS": 3270,
    }


def test_each_stock_has_its_sector():
    sectors = {one.instrument: one.sector for one in DATA.instruments(derived=True)}
    assert sectors.keys() == SERIES.keys()
    assert (sectors["IBM.XNYS"], sectors["GOOG.XNAS"]) == (
        "Information Technology",
        "Communication Services",
    )


def test_no_bar_has_a_fault():
    for bars, described in zip(DATA.series, DATA.instruments(derived=True), strict=True):
        assert first_fault(bars, described, NOW_NS) is None


def test_the_price_moves_little_on_the_day_of_a_split():
    """Before the adjustment, it looks like a loss of half the price."""
    for split in DATA.adjustments:
        bars = SERIES[split.instrument]
        day = int(np.searchsorted(bars.close_time_ns, split.before_ns))
        assert bars.close[day] / bars.close[day - 1] == pytest.approx(1, abs=0.1)


def test_dividing_by_the_factor_gives_the_raw_price():
    """Apple closed at 130.31 on 2000-03-01, two splits before the end of the data."""
    factor = min(a.factor for a in DATA.adjustments if a.instrument == "AAPL.XNAS")
    assert SERIES["AAPL.XNAS"].close[0] / factor == pytest.approx(130.31)


def test_the_last_price_is_as_traded():
    assert SERIES["AAPL.XNAS"].close[-1] == 430.47


def test_a_dividend_is_no_split():
    factor = splits(floats(10, 10, 10), floats(4.5, 4.95, 5))
    assert np.array_equal(factor, [1, 1, 1])


def test_derived_quotes_are_marked_in_the_instrument():
    assert all(each.synthetic_microstructure for each in DATA.instruments(derived=True))
    assert not any(each.synthetic_microstructure for each in DATA.instruments(derived=False))
