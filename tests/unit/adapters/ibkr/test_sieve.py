"""Rows that cannot be right are kept out, and only those."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck_server.adapters.ibkr.sieve import sieve
from quarterdeck_server.adapters.ibkr.tapes import bars_of
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.columns import Trades
from quarterdeck_server.marketdata.domain.instrument import Instrument, InstrumentClass

APPLE = Instrument(
    "AAPL.XNAS", "", InstrumentClass.EQUITY, "USD", 2, 0, Decimal("0.01"), Decimal(1)
)
GOOD, BAD = (10.0, 11.0, 9.0, 10.5, 100.0), (10.0, 8.0, 9.0, 10.5, 100.0)


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_every_right_row_passes_in_its_order(rights):
    times = range(1, len(rights) + 1)
    bars = bars_of(APPLE, "5s", times, [GOOD if right else BAD for right in rights])
    passed = [int(time) for piece in sieve(bars, APPLE, 10**18) for time in piece.times]
    assert passed == [time for time, right in zip(times, rights, strict=True) if right]


def test_a_column_that_is_wrong_as_a_whole_is_an_error():
    row = np.array([1], dtype=np.int64)
    trades = Trades("AAPL.XNAS", 5, 0, row, row, row, row)
    with pytest.raises(InvalidField, match="price_precision must be 2"):
        sieve(trades, APPLE, 10**18)
