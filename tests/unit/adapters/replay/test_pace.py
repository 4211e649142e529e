"""The clock of a replay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.marketdata.batches import bars, ints

from quarterdeck_server.adapters.replay.calendar import DAY_NS, SESSION_NS, close_of
from quarterdeck_server.adapters.replay.pace import moments, quotes_in, schedule

HOUR_NS = 3_600 * 10**9
DAYS = st.lists(st.integers(10_000, 10_400), min_size=1, max_size=60, unique=True).map(sorted)


def daily(days):
    return bars(len(days), close_time_ns=ints(*map(close_of, days)))


@given(DAYS, DAYS, st.floats(0.001, 1000))
def test_every_bar_has_its_step_and_all_instruments_share_the_clock(one, other, pace):
    plan = schedule([daily(one), daily(other)], DAY_NS, pace)
    assert list(plan.close_ns) == sorted({close_of(day) for day in (*one, *other)})
    for days, rows in zip((one, other), plan.rows, strict=True):
        assert [int(row) for row in rows if row >= 0] == list(range(len(days)))


@given(DAYS, st.floats(0.001, 1000))
def test_a_day_takes_the_seconds_of_a_day(days, pace):
    plan = schedule([daily(days)], DAY_NS, pace)
    assert plan.duration_s == pytest.approx(np.full(len(days), pace))


def test_the_bars_of_a_day_share_its_seconds():
    start = close_of(10_000) - 6 * HOUR_NS
    hours = bars(4, close_time_ns=ints(*(start + hour * HOUR_NS for hour in range(4))))
    plan = schedule([hours], HOUR_NS, 10.0)
    assert plan.duration_s == pytest.approx([2.5] * 4)
    assert list(plan.close_ns - plan.open_ns) == [HOUR_NS] * 4


def test_a_daily_bar_begins_with_its_session():
    plan = schedule([daily([10_000])], DAY_NS, 10.0)
    assert plan.close_ns[0] - plan.open_ns[0] == SESSION_NS


@given(DAYS, st.integers(9_999, 10_401))
def test_a_replay_goes_on_with_the_first_bar_after_where_it_was(days, day):
    plan = schedule([daily(days)], DAY_NS, 1.0)
    step = plan.first_after(close_of(day))
    assert (plan.close_ns[:step] <= close_of(day)).all()
    assert (plan.close_ns[step:] > close_of(day)).all()


@given(st.integers(1, 10**9), st.integers(10**6, SESSION_NS), st.integers(1, 400))
def test_quotes_lie_strictly_within_their_bar_and_in_order(open_ns, length, count):
    times, fractions = moments(open_ns, open_ns + length, count)
    assert len(times) == count
    assert open_ns < times[0]
    assert times[-1] < open_ns + length
    assert (np.diff(times) > 0).all()
    assert 0 < fractions[0] <= fractions[-1] < 1


def test_a_step_has_at_least_one_quote():
    assert [quotes_in(10, 4), quotes_in(0.001, 4)] == [40, 1]
