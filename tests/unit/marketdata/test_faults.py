"""Which rows are refused, and how their place is named."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.unit.marketdata.batches import (
    NOW_NS,
    bars,
    floats,
    instrument,
    ints,
    quotes,
    trades,
)

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.faults import check, first_fault
from quarterdeck_server.marketdata.domain.instrument import InstrumentClass

FUTURE = instrument(instrument_class=InstrumentClass.FUTURE)
GOOD = [quotes(), trades(), trades(trade_id=("a", "b", "c")), bars()]
BAD = [
    (quotes(bid_price=ints(100, 102, 100)), "bid_price[1]"),
    (quotes(bid_price=ints(100, 0, 100)), "bid_price[1]"),
    (quotes(bid_size=ints(1, 1, -1)), "bid_size[2]"),
    (quotes(ask_size=ints(-1, 1, 1)), "ask_size[0]"),
    (quotes(ask_size=ints(1, 1)), "ask_size"),
    (quotes(rows=0), "event_time_ns"),
    (quotes(event_time_ns=ints(1, 0, 2)), "event_time_ns[1]"),
    (quotes(event_time_ns=ints(1, 2, NOW_NS + 1)), "event_time_ns[2]"),
    (trades(price=ints(1, 1, 0)), "price[2]"),
    (trades(size=ints(1, 0, 1)), "size[1]"),
    (trades(aggressor_side=ints(0, 3, 0)), "aggressor_side[1]"),
    (trades(trade_id=("a",)), "trade_id"),
    (trades(trade_id=("a", "x" * 65, "b")), "trade_id[1]"),
    (trades(trade_id=("a", "b", "\0")), "trade_id[2]"),
    (bars(close=floats(10, math.nan, 10)), "close[1]"),
    (bars(volume=floats(1, 1, math.inf)), "volume[2]"),
    (bars(volume=floats(1, -1, 1)), "volume[1]"),
    (bars(high=floats(11, 8, 11)), "high[1]"),
    (bars(open=floats(12, 10, 10)), "open[0]"),
    (bars(close=floats(10, 10, 8.9)), "close[2]"),
    (bars(low=floats(9, 0, 9)), "low[1]"),
    (bars(high=floats(11)), "high"),
]


@pytest.mark.parametrize("batch", GOOD)
def test_a_good_batch_has_no_fault(batch):
    assert first_fault(batch, instrument(), NOW_NS) is None


@pytest.mark.parametrize(("batch", "place"), BAD)
def test_the_first_fault_is_named_by_column_and_row(batch, place):
    with pytest.raises(InvalidField) as caught:
        check(batch, instrument(), NOW_NS, "batches[7]")
    assert caught.value.field == f"batches[7].{place}"


@pytest.mark.parametrize("name", ["price_precision", "size_precision"])
def test_numbers_scaled_otherwise_than_the_instrument_are_refused(name):
    fault = first_fault(quotes(), instrument(**{name: 3}), NOW_NS)
    assert fault is not None
    assert fault.column == name


def test_a_future_may_have_a_negative_price():
    batch = quotes(bid_price=ints(-5, -5, -5), ask_price=ints(-4, -4, -4))
    assert first_fault(batch, FUTURE, NOW_NS) is None
    assert first_fault(batch, instrument(), NOW_NS) is not None


COLUMN = arrays(np.int64, 5, elements=st.integers(-3, 3))


@given(COLUMN, COLUMN, COLUMN, COLUMN)
def test_columns_are_judged_as_their_rows_would_be(bid, ask, bid_size, ask_size):
    """The vectorised rules agree with the plain ones, row by row."""
    batch = quotes(5, bid_price=bid, ask_price=ask, bid_size=bid_size, ask_size=ask_size)
    rows = zip(bid, ask, bid_size, ask_size, strict=True)
    good = all(0 < b <= a and bs >= 0 and az >= 0 for b, a, bs, az in rows)
    assert (first_fault(batch, instrument(), NOW_NS) is None) == good


@given(arrays(np.float64, (4, 4), elements=st.floats(allow_nan=True, allow_infinity=True)))
def test_a_bar_that_passes_is_finite_and_ordered(prices):
    names = ("open", "high", "low", "close")
    batch = bars(4, **dict(zip(names, prices, strict=True)))
    if first_fault(batch, instrument(), NOW_NS) is None:
        assert np.isfinite(prices).all()
        assert (batch.low <= np.minimum(batch.open, batch.close)).all()
        assert (batch.high >= np.maximum(batch.open, batch.close)).all()
