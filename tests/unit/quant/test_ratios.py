"""Ratios, confidence in them, drawdowns and trades: what must hold for every series."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant import drawdown, drawdown_ratios, ratios, returns, sharpe, trades
from quarterdeck_server.quant.estimate import Estimate, State
from quarterdeck_server.quant.moments import moments

series = st.lists(st.floats(-0.5, 0.5).map(lambda x: round(x, 6)), min_size=2, max_size=40)
factor = st.floats(0.01, 100)


def same(one: Estimate, other: Estimate, rel: float = 1e-7) -> bool:
    if one.value is None or other.value is None:
        return one.state == other.state
    return one.value == pytest.approx(other.value, rel=rel, abs=1e-9)


@given(values=series, scale=factor)
def test_ratios_do_not_depend_on_the_size_of_the_position(
    values: list[float], scale: float
) -> None:
    larger = np.array(values) * scale
    for ratio in (ratios.sharpe_ratio, ratios.sortino_ratio, ratios.omega_ratio):
        assert same(ratio(values), ratio(larger))
    assert same(trades.profit_factor(values), trades.profit_factor(larger))
    assert same(ratios.downside_deviation(larger), ratios.downside_deviation(values).scaled(scale))


@given(values=series)
def test_the_opposite_position_has_the_opposite_sharpe_ratio(values: list[float]) -> None:
    opposite = ratios.sharpe_ratio(-np.array(values))
    assert same(ratios.sharpe_ratio(values).scaled(-1), opposite)


@given(values=series)
def test_omega_and_gain_to_pain_and_profit_factor_are_one_thing(values: list[float]) -> None:
    omega, gain = ratios.omega_ratio(values), ratios.gain_to_pain_ratio(values)
    assert same(omega, trades.profit_factor(values))
    assert omega.value is None or omega.value - 1 == pytest.approx(gain.value, abs=1e-9)


@given(values=series)
def test_drawdowns_are_losses_from_the_peak_and_spells_cover_them(values: list[float]) -> None:
    under, found = drawdown.drawdowns(values), drawdown.spells(values)
    covered = np.zeros(len(under) + 1, dtype=bool)
    for spell in found:
        end = len(under) + 1 if spell.recovery is None else spell.recovery
        covered[spell.peak + 1 : end] = True
        assert spell.depth == under[spell.trough - 1] == under[spell.peak : end - 1].min()
    assert (covered[1:] == (under < 0)).all()
    assert drawdown.max_drawdown(values).value == under.min() <= 0
    average = np.mean([spell.depth for spell in found]) if found else 0.0
    assert drawdown.average_drawdown(values).value == pytest.approx(average)


def test_a_spell_lasts_from_the_peak_to_the_recovery() -> None:
    """The start counts as a peak, and what has not recovered is as long as it is so far."""
    days = np.array(["2024-01-05", "2024-01-08", "2024-01-09", "2024-01-12"], "datetime64[D]")
    first, last = drawdown.spells([-0.5, 1.0, -0.1])
    assert (first.peak, first.trough, first.recovery, first.depth) == (0, 1, 2, -0.5)
    assert (first.days(days), first.periods) == (4, 2)
    assert (last.recovery, last.days(days)) == (None, 3)
    under = drawdown.drawdowns_of(returns.growth([-0.5, 1.0, -0.1]))
    edges = drawdown.edges_of(under)
    assert drawdown.longest_spell(under, edges, days) == first
    assert drawdown.longest_spell(under, edges) == first
    assert drawdown.longest_spell(np.zeros(3), drawdown.edges_of(np.zeros(3))) is None


def test_quantiles_are_those_of_type_7() -> None:
    values = np.random.default_rng(1).normal(size=997)
    shares = (0.01, 0.05, 0.5, 0.95, 0.999)
    assert ratios.quantiles(values, shares) == pytest.approx(np.quantile(values, shares).tolist())


def test_tails_need_as_many_returns_as_make_one_in_the_tail() -> None:
    assert ratios.tail_ratio([0.01] * 19) == Estimate.insufficient(19, 20)
    assert ratios.tail_ratio([-0.01, 0.01] * 10).value == pytest.approx(1)
    with pytest.raises(InvalidField):
        ratios.tail_ratio([0.01] * 20, 0.5)


def test_calmar_over_three_years_needs_three_years() -> None:
    values = [0.01, -0.005] * 18
    assert drawdown_ratios.calmar_ratio(values[:-1], 12, 36) == Estimate.insufficient(35, 36)
    recent = drawdown_ratios.calmar_ratio([-0.5, -0.5, *values], 12, 36)
    assert same(recent, drawdown_ratios.calmar_ratio(values, 12))
    assert drawdown_ratios.sterling_ratio(values, 12).is_measured


@given(values=series, benchmark=st.floats(-1, 1))
def test_confidence_falls_as_the_benchmark_rises(values: list[float], benchmark: float) -> None:
    low = sharpe.probabilistic_sharpe_ratio(values, benchmark)
    high = sharpe.probabilistic_sharpe_ratio(values, benchmark + 0.1)
    assert low.state == high.state
    if low.value is not None and high.value is not None:
        assert 0 <= high.value <= low.value <= 1


def test_as_long_a_record_as_the_minimum_gives_the_confidence_it_promises() -> None:
    values = np.random.default_rng(2).normal(0.001, 0.01, 500)
    found, needed = moments(values), sharpe.minimum_track_record(values).value
    assert needed is not None
    shape = {"skewness": found.skewness, "kurtosis": found.kurtosis}
    own = ratios.sharpe_ratio(values, 1).value or 0.0
    error = sharpe.standard_error(own, 3, **shape).value or 0.0
    assert own / (error * math.sqrt(2 / (needed - 1))) == pytest.approx(1.6448536269514722)
    assert sharpe.minimum_track_record(-values).state is State.NO_SOLUTION


def test_the_best_of_more_trials_must_be_better_to_mean_as_much() -> None:
    values = np.random.default_rng(2).normal(0.001, 0.01, 500)
    few, many = (sharpe.deflated_sharpe_ratio(values, 0.001, n).value for n in (2, 200))
    assert few is not None
    assert many is not None
    assert many < few
    with pytest.raises(InvalidField, match="at least 2"):
        sharpe.deflated_sharpe_ratio(values, 0.001, 1)
    with pytest.raises(InvalidField, match="trial_variance"):
        sharpe.deflated_sharpe_ratio(values, -1, 5)


def test_trades_are_counted_as_wins_and_losses_and_nothing_else() -> None:
    results = [3.0, 0.0, -1.0, 1.0, -1.0]
    assert trades.hit_rate(results) == Estimate(0.5, 4)
    assert trades.payoff_ratio(results).value == 2
    assert trades.expectancy(results).value == pytest.approx(0.4)
    assert trades.bet_kelly_fraction(results).value == pytest.approx(0.25)
    assert trades.kelly_leverage([0.01, 0.03]).value == pytest.approx(0.02 / 0.0002)


def test_trades_without_a_loss_or_a_win_have_a_state() -> None:
    assert trades.profit_factor([1.0]).state is State.NO_LOSS
    assert trades.payoff_ratio([1.0]).state is State.NO_LOSS
    assert trades.bet_kelly_fraction([-1.0]).state is State.INSUFFICIENT
    assert trades.hit_rate([0.0]).state is State.INSUFFICIENT
    assert trades.expectancy([]).state is State.INSUFFICIENT
    assert trades.kelly_leverage([0.1, 0.1]).state is State.CONSTANT


@given(values=series)
def test_kappa_is_omega_and_sortino_by_its_order(values: list[float]) -> None:
    first, second = (ratios.kappa_ratio(values, 0.001, order) for order in (1, 2))
    assert same(second, ratios.sortino_ratio(values, 0.001, 1))
    omega = ratios.omega_ratio(values, 0.001)
    assert omega.value is None or omega.value - 1 == pytest.approx(first.value, abs=1e-9)


def test_burke_counts_every_spell_under_water() -> None:
    values = [0.5, -0.1, 0.5, -0.2, 1.0]
    expected = (returns.total_return(values).value or 0.0) / math.hypot(0.1, 0.2)
    assert drawdown_ratios.burke_ratio(values, 5).value == pytest.approx(expected)
    assert drawdown_ratios.burke_ratio([0.1], 1).state is State.NO_LOSS


def test_statistics_of_nothing_are_insufficient() -> None:
    for function in (
        drawdown.average_drawdown,
        drawdown.pain_index,
        drawdown.ulcer_index,
        drawdown_ratios.burke_ratio,
        drawdown_ratios.calmar_ratio,
        ratios.kappa_ratio,
        ratios.gain_to_pain_ratio,
        ratios.mean_absolute_deviation,
        ratios.prospect_ratio,
        ratios.upside_risk,
        returns.arithmetic_annual_return,
        returns.volatility,
        sharpe.minimum_track_record,
        sharpe.probabilistic_sharpe_ratio,
    ):
        assert function([]).state is State.INSUFFICIENT, function.__name__


def test_confidence_has_a_state_where_the_formula_has_no_root() -> None:
    assert sharpe.confidence(5, 100, skewness=3, kurtosis=1).state is State.NO_SOLUTION
    assert sharpe.confidence(0.1, 2).state is State.INSUFFICIENT
    assert sharpe.probabilistic_sharpe_ratio([0.1] * 5).state is State.CONSTANT
    assert sharpe.minimum_track_record([0.1] * 5).state is State.CONSTANT
    with pytest.raises(InvalidField, match="level"):
        sharpe.minimum_track_record([0.1, 0.2], level=1)
