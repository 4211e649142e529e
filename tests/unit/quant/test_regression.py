"""Factors and benchmarks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.quant import prices

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant import capture, regression, relative
from quarterdeck_server.quant.estimate import Estimate, State, Unmeasured
from quarterdeck_server.quant.regression import Regression, factor_regression

digits = st.integers(-5000, 5000).map(lambda number: number / 10_000)
pairs = st.lists(st.tuples(digits, digits), min_size=3, max_size=30).map(np.array)


def fit(returns: object, factors: object, lags: int | None = None) -> Regression:
    found = factor_regression(returns, factors, lags)  # type: ignore[arg-type]
    assert isinstance(found, Regression)
    return found


def on_factors(lags: int | None = None) -> tuple[Regression, np.ndarray]:
    _, days, columns = prices.factors()
    own = prices.equal_weights()
    _, mine, theirs = np.intersect1d(own.dates, days, return_indices=True)
    return fit(own.values[mine], columns[theirs], lags), own.values[mine]


def test_contributions_of_factors_add_up_to_the_mean_return() -> None:
    found, own = on_factors()
    sizes = np.abs(found.contributions).sum()
    assert abs(found.contributions.sum() - own.mean()) <= 1e-12 * sizes


def test_units_of_a_factor_do_not_matter() -> None:
    """A factor in billions beside one in fractions is not collinear."""
    _, _, columns = prices.factors()
    target, two = columns[:500, 0], columns[:500, 1:3]
    plain, scaled = fit(target, two), fit(target, two * [1e9, 1])
    assert scaled.betas * [1e9, 1] == pytest.approx(plain.betas, rel=1e-9)
    assert scaled.condition_number == pytest.approx(plain.condition_number)


def test_factors_that_repeat_each_other_have_no_betas() -> None:
    column = prices.market()[:100]
    twice = np.column_stack([column, 2 * column])
    assert factor_regression(column, twice) == Unmeasured(State.COLLINEAR, 100)
    assert factor_regression(column, np.ones(100)) == Unmeasured(State.COLLINEAR, 100)
    assert factor_regression(column, np.zeros(100)) == Unmeasured(State.COLLINEAR, 100)


def test_a_regression_needs_more_returns_than_coefficients() -> None:
    found = factor_regression([0.1, 0.2], [[1.0], [2.0]])
    assert found == Unmeasured(State.INSUFFICIENT, 2, 3)
    with pytest.raises(InvalidField, match="as many rows"):
        factor_regression([0.1, 0.2], [[1.0]])


def test_an_exact_fit_has_no_t_statistic() -> None:
    found = fit([0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 5.0], 0)
    assert np.isnan(found.t_statistics()).all()
    assert (found.r_squared, found.alpha) == (0.0, 0.0)


def test_shares_of_the_variance_add_up_to_one() -> None:
    _, _, columns = prices.factors()
    found, own = on_factors()
    shares = regression.variance_shares(
        found.betas, np.cov(columns.T, ddof=1), found.residual_variance
    )
    assert shares.sum() == pytest.approx(1)
    assert shares[-1] == pytest.approx(found.residual_variance / own.var(), rel=0.01)
    with pytest.raises(InvalidField, match="square"):
        regression.variance_shares([1.0, 2.0], [[1.0]], 0)


@given(table=pairs)
def test_alpha_and_beta_are_the_regression_on_one_factor(table: np.ndarray) -> None:
    own, other = table.T
    slope, found = relative.beta(own, other), factor_regression(own, other)
    if slope.value is None or not isinstance(found, Regression) or found.condition_number > 1e5:
        return
    assert slope.value == pytest.approx(found.betas[0], rel=1e-6, abs=1e-9)
    yearly = relative.alpha(own, other).value
    assert yearly == pytest.approx(found.alpha_a_year(), rel=1e-6, abs=1e-6)


def test_the_benchmark_against_itself_is_beta_one_and_nothing_else() -> None:
    own = prices.market()
    assert relative.beta(own, own).value == pytest.approx(1)
    assert relative.alpha(own, own).value == pytest.approx(0, abs=1e-12)
    assert relative.correlation(own, own).value == 1.0
    assert relative.information_ratio(own, own).state is State.CONSTANT
    assert relative.m_squared(own, own).value == pytest.approx(0.0748, abs=1e-3)
    assert capture.capture_ratio(own, own).value == pytest.approx(1)
    assert capture.batting_average(own, own).value == 0


def test_a_leveraged_benchmark_has_the_leverage_as_beta_and_the_same_treynor() -> None:
    own = prices.market()
    assert relative.beta(2 * own, own).value == pytest.approx(2)
    assert relative.systematic_risk(2 * own, own).value == pytest.approx(
        relative.tracking_error(2 * own, 0 * own).value
    )
    assert relative.modified_treynor_ratio(2 * own, own).is_measured


def test_a_constant_benchmark_has_no_beta() -> None:
    own, flat = [0.1, 0.2, 0.1], [0.1, 0.1, 0.1]
    for function in (relative.beta, relative.alpha, relative.correlation, relative.treynor_ratio):
        assert function(own, flat).state is State.CONSTANT
    assert relative.correlation(flat, own).state is State.CONSTANT
    assert relative.m_squared(flat, own).state is State.CONSTANT


def test_captures_without_a_rise_or_a_fall_have_no_value() -> None:
    assert capture.up_capture([0.1], [-0.1]) == Estimate.insufficient(0, 1)
    assert capture.down_capture([-1.0], [-0.1]).state is State.RUINED
    assert capture.up_capture([0.2, 0.0], [0.1, 0.0]) == Estimate(pytest.approx(2), 1)
