"""Every window has the number that the window alone would have."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.quant import prices

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant import (
    capture,
    drawdown,
    drawdown_ratios,
    ratios,
    relative,
    returns,
    rolling,
    trades,
)
from quarterdeck_server.quant import rolling_relative as versus
from quarterdeck_server.quant.estimate import Estimate
from quarterdeck_server.quant.windows import Rolling, sums_between

OWN, MARKET = prices.equal_weights().values[:400], prices.market()[:400]
SINGLE: dict[str, tuple[Callable[..., Rolling], Callable[..., Estimate]]] = {
    "mean": (rolling.rolling_mean, lambda x: returns.arithmetic_annual_return(x, 1)),
    "volatility": (rolling.rolling_volatility, returns.volatility),
    "sharpe": (rolling.rolling_sharpe, ratios.sharpe_ratio),
    "sortino": (rolling.rolling_sortino, ratios.sortino_ratio),
    "drawdown": (rolling.rolling_max_drawdown, drawdown.max_drawdown),
    "return": (rolling.rolling_total_return, returns.total_return),
    "calmar": (rolling.rolling_calmar, drawdown_ratios.calmar_ratio),
    "omega": (rolling.rolling_omega, ratios.omega_ratio),
    "hits": (rolling.rolling_hit_rate, trades.hit_rate),
    "profits": (rolling.rolling_omega, trades.profit_factor),
}
DOUBLE: dict[str, tuple[Callable[..., Rolling], Callable[..., Estimate]]] = {
    "beta": (versus.rolling_beta, relative.beta),
    "correlation": (versus.rolling_correlation, relative.correlation),
    "alpha": (versus.rolling_alpha, relative.alpha),
    "tracking": (versus.rolling_tracking_error, relative.tracking_error),
    "information": (versus.rolling_information_ratio, relative.information_ratio),
    "up": (partial(versus.rolling_capture, rising=True), capture.up_capture),
    "down": (partial(versus.rolling_capture, rising=False), capture.down_capture),
}


@pytest.mark.parametrize("window", [2, 63, 126, 400])
@pytest.mark.parametrize("name", SINGLE)
def test_a_window_of_a_series_has_its_own_number(name: str, window: int) -> None:
    together, alone = SINGLE[name]
    found = together(OWN, window)
    places = range(window - 1, len(OWN), 37)
    expected = [alone(OWN[end + 1 - window : end + 1]).value for end in places]
    numbers = [np.nan if value is None else value for value in expected]
    assert found.values[places] == pytest.approx(numbers, rel=1e-7, abs=1e-12, nan_ok=True)
    assert np.isnan(found.values[: window - 1]).all()


@pytest.mark.parametrize("window", [5, 126])
@pytest.mark.parametrize("name", DOUBLE)
def test_a_window_of_two_series_has_its_own_number(name: str, window: int) -> None:
    together, alone = DOUBLE[name]
    found = together(OWN, MARKET, window)
    for end in range(window - 1, len(OWN), 37):
        cut = slice(end + 1 - window, end + 1)
        value = alone(OWN[cut], MARKET[cut]).value
        number = np.nan if value is None else value
        assert found.values[end] == pytest.approx(number, rel=1e-7, abs=1e-12, nan_ok=True)


@given(values=st.lists(st.floats(-0.9, 0.9), max_size=30), window=st.integers(1, 35))
def test_the_first_value_is_where_the_first_window_is_full(
    values: list[float], window: int
) -> None:
    found = rolling.rolling_max_drawdown(values, window)
    assert len(found.values) == len(values)
    expected = window - 1 if window <= len(values) else None
    assert found.first_valid_index == expected


def test_a_crash_leaves_no_rounding_in_later_windows() -> None:
    """Running totals would answer with the dust of the crash."""
    quiet = np.tile([1e-6, -1e-6, 2e-6], 100)
    with_crash = np.concatenate(([1e6, -0.5], quiet))
    alone, after = (rolling.rolling_sortino(x, 30).values[-1] for x in (quiet, with_crash))
    assert after == alone


def test_a_constant_window_has_a_volatility_of_zero_and_no_ratio() -> None:
    values = [0.01, 0.03, 0.02, 0.02, 0.02, 0.02]
    assert rolling.rolling_volatility(values, 3).values[-1] == 0
    found = rolling.rolling_sharpe(values, 3)
    assert np.isnan(found.values).tolist() == [True, True, False, False, True, True]
    assert found.first_valid_index == 2
    assert rolling.rolling_sortino([0.1, 0.1], 2).first_valid_index is None
    assert versus.rolling_beta(values, [0.1] * 6, 3).first_valid_index is None


def test_a_calmar_ratio_of_less_than_a_year_is_there_only_if_asked_for() -> None:
    short = rolling.rolling_calmar(OWN, 251, annualise_short=False)
    assert (short.first_valid_index, len(short.values)) == (None, len(OWN))
    assert rolling.rolling_calmar(OWN, 252, annualise_short=False).first_valid_index == 251


def test_a_benchmark_that_lost_everything_is_named() -> None:
    with pytest.raises(InvalidField) as refusal:
        versus.rolling_capture([0.1, 0.1], [0.1, -1.0], 2, rising=False)
    assert refusal.value.field == "benchmark[1]"


def test_a_window_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidField) as refusal:
        rolling.rolling_sharpe(OWN, 1)
    assert refusal.value.field == "window"
    with pytest.raises(InvalidField) as refusal:
        rolling.rolling_max_drawdown([0.1, -1.0], 1)
    assert refusal.value.field == "returns[1]"


@given(
    values=st.lists(st.floats(-1e6, 1e6), max_size=40),
    edges=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=10),
)
def test_runs_add_up_to_what_lies_in_them(
    values: list[float], edges: list[tuple[int, int]]
) -> None:
    runs = [(min(one, len(values)), min(other, len(values))) for one, other in edges]
    first, last = np.array(runs, np.intp).reshape(-1, 2).T
    found = sums_between(np.array(values), first, last)
    assert found == pytest.approx([math.fsum(values[a:b]) for a, b in runs], abs=1e-8)
