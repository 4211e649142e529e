"""Statistics of windows, and subjects side by side."""

import numpy as np
import pytest

from quarterdeck.api.analytics.v1 import performance_pb2
from quarterdeck_server.analytics.domain.comparing import correlations, tried
from quarterdeck_server.analytics.domain.matching import matched
from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.analytics.domain.windows import Statistic, windows
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.conventions import Conventions, Trials
from quarterdeck_server.quant.estimate import State
from quarterdeck_server.quant.metric_set import metric_set
from quarterdeck_server.quant.series import dated

RETURNS = np.random.default_rng(3).normal(0.001, 0.01, 40)
OTHERS = np.random.default_rng(4).normal(0.001, 0.01, 40)


def track(returns: np.ndarray) -> Track:
    return Track.of_returns(dated(np.arange(1, len(returns) + 1).astype("datetime64[D]"), returns))


@pytest.mark.parametrize("ddof", [0, 1])
def test_the_last_window_agrees_with_the_metrics_of_its_days(ddof: int) -> None:
    chosen = Conventions(minimum_acceptable=0.01, ddof=ddof, annualise_short=True)
    rates = np.full(40, 0.0001)
    pair = matched(track(RETURNS), track(OTHERS))
    found = windows(pair, chosen, rates, tuple(Statistic), 20)
    whole = metric_set(RETURNS[-20:], chosen, benchmark=OTHERS[-20:], risk_free=rates[-20:])
    names = {Statistic.VOLATILITY: "annual_volatility"}
    for column in found:
        expected = whole.metrics[names.get(column.statistic, column.statistic.value)].value
        assert column.values[-1] == pytest.approx(expected), column.statistic
        assert (len(column.values), column.count) == (21, 21)
        assert column.days[0] == np.datetime64(20, "D")


def test_a_window_without_variation_is_counted_and_has_no_value() -> None:
    steady = np.concatenate((np.full(10, 0.01), RETURNS[:10]))
    pair = matched(track(steady), None)
    (sharpe,) = windows(pair, Conventions(), None, (Statistic.SHARPE_RATIO,), 5)
    assert (len(sharpe.values), sharpe.count) == (10, 16)


@pytest.mark.parametrize("count", [0, 1, 19])
def test_fewer_returns_than_a_window_has_make_no_window(count: int) -> None:
    pair = matched(track(RETURNS[:count]), track(OTHERS[:count]))
    for column in windows(pair, Conventions(), None, tuple(Statistic), 20):
        assert (len(column.days), len(column.values), column.count) == (0, 0, 0)


def test_beta_needs_a_benchmark_and_a_drawdown_needs_something_left() -> None:
    alone = matched(track(RETURNS[:3]), None)
    with pytest.raises(InvalidField, match="benchmark is needed by beta"):
        windows(alone, Conventions(), None, (Statistic.BETA,), 20)
    ruined = matched(track(np.array([0.1, -1.0, 0.1])), None)
    with pytest.raises(InvalidField, match=r"subject returns\[1\] must be above -1"):
        windows(ruined, Conventions(), None, (Statistic.MAX_DRAWDOWN,), 2)


def test_every_statistic_has_a_word_in_the_contract() -> None:
    words = performance_pb2.RollingMetric.DESCRIPTOR.values_by_name
    names = {name.removeprefix("ROLLING_METRIC_") for name in words}
    assert names == {statistic.name for statistic in Statistic} | {"UNSPECIFIED"}


def test_correlations_are_symmetric_and_those_of_a_constant_a_state() -> None:
    found = correlations([track(RETURNS), track(OTHERS), track(np.full(40, 0.01))])
    assert found[0].value == pytest.approx(1)
    assert found[1] == found[3]
    assert found[1].value == pytest.approx(np.corrcoef(RETURNS, OTHERS)[0, 1])
    assert {one.state for one in (*found[6:], found[2], found[5])} == {State.CONSTANT}


def test_subjects_side_by_side_are_trials_of_each_other() -> None:
    flat, rates = np.full(40, 0.0), np.full(40, 0.0)
    found = tried([track(RETURNS), track(OTHERS), track(flat)], Conventions(), rates).trials
    ratios = [metric_set(one).metrics["sharpe_ratio"].value for one in (RETURNS, OTHERS)]
    assert found is not None
    assert (found.count, found.sharpe_variance) == (2, pytest.approx(np.var(ratios, ddof=1)))
    assert tried([track(RETURNS), track(flat)], Conventions(), None).trials == Trials(1, 0.0)
    chosen = Conventions(trials=Trials(200, 0.5))
    assert tried([track(RETURNS), track(OTHERS)], chosen, None) == chosen
