"""Many orders at once are what each would be alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck_server.quant.estimate import Estimate
from quarterdeck_server.quant.execution import benchmark
from quarterdeck_server.quant.execution.shortfall import OrderColumns, shortfalls

price = st.floats(1, 1000)
moment = st.integers(0, 1_000)
seen = st.lists(st.tuples(moment, price, st.floats(0.1, 100)), max_size=20).map(sorted)
spans = st.lists(st.tuples(moment, st.integers(1, 500)), min_size=1, max_size=5)


def arrays(
    rows: list[tuple[int, float, float]], wanted: list[tuple[int, int]]
) -> tuple[np.ndarray, ...]:
    times, prices, sizes = (
        (np.array(column) for column in zip(*rows, strict=True))
        if rows
        else (
            np.empty(0, np.int64),
            np.empty(0),
            np.empty(0),
        )
    )
    starts = np.array([start for start, _ in wanted])
    return times, prices, sizes, starts, starts + np.array([length for _, length in wanted])


def same(found: float, alone: Estimate) -> None:
    wanted = np.nan if alone.value is None else alone.value
    assert found == pytest.approx(wanted, rel=1e-9, nan_ok=True)


@given(rows=seen, wanted=spans)
def test_prices_of_many_intervals_are_those_of_each(
    rows: list[tuple[int, float, float]], wanted: list[tuple[int, int]]
) -> None:
    times, prices, sizes, starts, ends = arrays(rows, wanted)
    averages, volumes = benchmark.average_prices(times, prices, sizes, starts, ends)
    weighted = benchmark.time_weighted_prices(times, prices, starts, ends, 1_000)
    for n, (start, end) in enumerate(zip(starts, ends, strict=True)):
        inside = (times >= start) & (times < end)
        same(averages[n], benchmark.average_price(prices[inside], sizes[inside]))
        assert volumes[n] == pytest.approx(sizes[inside].sum())
        same(weighted[n], benchmark.time_weighted_price(times, prices, start, end))


def test_an_average_over_microseconds_is_exact_a_year_after_the_first_price() -> None:
    year_ns = 365 * 86_400 * 10**9
    times = np.arange(0, year_ns, year_ns // 1_000)
    prices = 100 + 50 * np.arange(len(times)) / len(times)
    starts, life_ns = times[500:] - 5_000, 10_000
    found = benchmark.time_weighted_prices(times, prices, starts, starts + life_ns, year_ns)
    assert found == pytest.approx((prices[499:-1] + prices[500:]) / 2, rel=1e-14)


def test_a_price_holds_until_it_is_too_old() -> None:
    times, prices = np.array([10, 20]), np.array([1.0, 2.0])
    wanted = np.array([9, 10, 19, 20, 25, 26])
    found = benchmark.last_prices(times, prices, wanted, 5)
    assert found.tolist() == pytest.approx([np.nan, 1, np.nan, 2, 2, np.nan], nan_ok=True)
    nothing = benchmark.last_prices(times[:0], prices[:0], wanted, 5)
    assert np.isnan(nothing).all()


def test_without_a_decision_price_there_is_no_delay_and_without_arrival_nothing() -> None:
    one, unknown = np.ones(1), np.array([np.nan])
    asked = OrderColumns(one, 2 * one, one, unknown, 10 * one, 12 * one, 11 * one, one)
    found = shortfalls(asked)
    assert (found.delay[0], found.trading[0], found.opportunity[0]) == (0, 1, 2)
    asked = OrderColumns(one, one, one, unknown, unknown, unknown, 11 * one, one)
    assert np.isnan(shortfalls(asked).total[0])


def test_an_order_of_which_nothing_was_filled_needs_no_arrival_price() -> None:
    one, none, unknown = np.ones(1), np.zeros(1), np.array([np.nan])
    asked = OrderColumns(-one, 2 * one, none, 10 * one, unknown, 9 * one, unknown, none)
    found = shortfalls(asked)
    assert (found.total[0], found.opportunity[0], found.paper[0]) == (2, 2, 20)
