"""Derived quotes never say more than their bar."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck_server.adapters.replay.path import Ticks, derive, generator, middles


@st.composite
def bars(draw):
    low = draw(st.integers(1, 10_000))
    high = low + draw(st.integers(0, 500))
    inside = st.integers(low, high)
    return Ticks(draw(inside), high, low, draw(inside))


SEEDS = st.integers(0, 2**40)


@given(bars(), st.integers(4, 200), SEEDS)
def test_the_middle_goes_from_open_to_close_and_touches_both_extremes(ticks, count, seed):
    path = middles(ticks, count, generator("AAPL.XNAS", seed))
    assert len(path) == count
    assert (path[0], path[-1]) == (ticks.open, ticks.close)
    assert (path.min(), path.max()) == (ticks.low, ticks.high)


@given(bars(), st.integers(1, 3), SEEDS)
def test_few_quotes_end_at_the_close_and_stay_within_the_bar(ticks, count, seed):
    path = middles(ticks, count, generator("AAPL.XNAS", seed))
    assert path[-1] == ticks.close
    assert (path >= ticks.low).all()
    assert (path <= ticks.high).all()


@given(bars(), st.integers(1, 50), SEEDS)
def test_the_spread_is_one_or_two_increments_and_prices_are_positive(ticks, count, seed):
    quotes = derive(ticks, count, generator("AAPL.XNAS", seed))
    assert set(np.unique(quotes.ask - quotes.bid)) <= {1, 2}
    assert (quotes.bid > 0).all()
    assert (quotes.bid_size > 0).all()


@given(bars(), SEEDS)
def test_the_same_bar_has_the_same_quotes_whenever_it_is_played(ticks, seed):
    first, second = (derive(ticks, 40, generator("AAPL.XNAS", seed)) for _ in range(2))
    assert np.array_equal(first.bid, second.bid)
    assert np.array_equal(first.ask_size, second.ask_size)


def test_two_instruments_do_not_move_in_step():
    ticks = Ticks(100, 200, 50, 150)
    one, other = (middles(ticks, 40, generator(name, 1)) for name in ("AAPL.XNAS", "IBM.XNYS"))
    assert not np.array_equal(one, other)
