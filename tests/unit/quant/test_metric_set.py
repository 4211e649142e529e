"""All metrics at once: the same numbers as one by one, and a state where there is none."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.quant import prices
from tests.unit.quant.ours import ROOT

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant import (
    capture,
    drawdown,
    drawdown_ratios,
    ratios,
    relative,
    returns,
    sharpe,
    trades,
)
from quarterdeck_server.quant.conventions import Conventions, Trials
from quarterdeck_server.quant.definitions import DEFINITIONS
from quarterdeck_server.quant.estimate import Estimate, State
from quarterdeck_server.quant.metric_set import metric_set

OWN = prices.equal_weights().values
DAYS = prices.equal_weights().dates
TRIALS = Trials(12, 0.3)
CONVENTIONS = Conventions(risk_free=0.03, minimum_acceptable=0.05, ddof=0, tail=0.01, trials=TRIALS)
RATE, TARGET = CONVENTIONS.risk_free_per_period, CONVENTIONS.minimum_acceptable_per_period
anything = st.lists(st.floats(-2, 2), max_size=40)


def full() -> dict[str, Estimate]:
    found = metric_set(OWN, CONVENTIONS, benchmark=prices.market(), dates=DAYS)
    return found.metrics


def one_by_one() -> dict[str, Estimate]:
    other = prices.market()
    over, market = returns.excess(OWN, RATE), returns.excess(other, RATE)
    return {
        "total_return": returns.total_return(OWN),
        "annual_return": returns.annualised_return(OWN),
        "arithmetic_annual_return": returns.arithmetic_annual_return(OWN),
        "annual_volatility": returns.volatility(OWN, ddof=0),
        "downside_deviation": ratios.downside_deviation(OWN, TARGET).scaled(252**0.5),
        "sharpe_ratio": ratios.sharpe_ratio(over, ddof=0),
        "probabilistic_sharpe_ratio": sharpe.probabilistic_sharpe_ratio(over),
        "deflated_sharpe_ratio": sharpe.deflated_sharpe_ratio(over, 0.3 / 252, 12),
        "sortino_ratio": ratios.sortino_ratio(OWN, TARGET),
        "omega_ratio": ratios.omega_ratio(OWN, TARGET),
        "gain_to_pain_ratio": ratios.gain_to_pain_ratio(OWN),
        "tail_ratio": ratios.tail_ratio(OWN, 0.01),
        "hit_rate": trades.hit_rate(OWN),
        "profit_factor": trades.profit_factor(OWN),
        "payoff_ratio": trades.payoff_ratio(OWN),
        "max_drawdown": drawdown.max_drawdown(OWN),
        "average_drawdown": drawdown.average_drawdown(OWN),
        "pain_index": drawdown.pain_index(OWN),
        "ulcer_index": drawdown.ulcer_index(OWN),
        "calmar_ratio": drawdown_ratios.calmar_ratio(OWN),
        "pain_ratio": drawdown_ratios.pain_ratio(OWN),
        "martin_ratio": drawdown_ratios.martin_ratio(OWN),
        "alpha": relative.alpha(over, market),
        "beta": relative.beta(over, market),
        "correlation": relative.correlation(over, market),
        "tracking_error": relative.tracking_error(OWN, other),
        "information_ratio": relative.information_ratio(OWN, other),
        "up_capture": capture.up_capture(OWN, other),
        "down_capture": capture.down_capture(OWN, other),
        "capture_ratio": capture.capture_ratio(OWN, other),
        "batting_average": capture.batting_average(OWN, other),
    }


def test_every_metric_has_a_definition_and_every_definition_a_metric() -> None:
    assert full().keys() == DEFINITIONS.keys()


def test_the_guide_defines_every_metric() -> None:
    page = (ROOT / "docs" / "guides" / "performance.md").read_text()
    missing = [line for line in definition_lines() if line not in page]
    assert missing == []


def definition_lines() -> list[str]:
    return [
        f"| `{name}` | {one.title} | {one.unit.value} | {one.formula.replace('|', chr(92) + '|')} |"
        for name, one in DEFINITIONS.items()
    ]


def test_the_set_has_the_same_numbers_as_the_functions_one_by_one() -> None:
    together, alone = full(), one_by_one()
    for name, estimate in alone.items():
        assert together[name].value == pytest.approx(estimate.value, rel=1e-10), name
        assert together[name].count == estimate.count, name


def test_an_answer_carries_its_sample_size_and_its_conventions() -> None:
    found = metric_set(OWN[:300], CONVENTIONS)
    assert found.count == 300
    assert found.conventions.described()["risk_free"] == 0.03
    assert found.metrics["sharpe_ratio"].count == 300


def test_a_sharpe_ratio_is_deflated_by_trials_and_by_nothing_else() -> None:
    assert "deflated_sharpe_ratio" not in metric_set(OWN).metrics
    alone = metric_set(OWN, Conventions(trials=Trials(1, 0.0))).metrics["deflated_sharpe_ratio"]
    assert (alone.state, alone.count) == (State.INSUFFICIENT, 1)
    with pytest.raises(InvalidField, match=r"trials\.count"):
        Trials(-1, 0.1)
    with pytest.raises(InvalidField, match=r"trials\.sharpe_variance"):
        Trials(2, -0.1)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_returns_are_a_state_of_each_metric_that_needs_more(count: int) -> None:
    found = metric_set(OWN[:count], benchmark=prices.market()[:count]).metrics
    short = [name for name, one in found.items() if one.state is State.INSUFFICIENT]
    assert {"annual_return", "sharpe_ratio", "beta", "annual_volatility"} <= set(short)
    assert all(found[name].needed > found[name].count for name in short)
    assert all(found[name].value is None for name in short)


def test_a_constant_series_has_no_ratio_to_its_deviation() -> None:
    found = metric_set([0.1 / 252] * 300).metrics
    assert found["sharpe_ratio"].state is State.CONSTANT
    assert found["annual_volatility"].value == 0.0
    assert found["sortino_ratio"].state is State.NO_LOSS
    assert found["profit_factor"].state is State.NO_LOSS
    assert found["calmar_ratio"].state is State.NO_LOSS
    assert found["max_drawdown"].value == 0.0


def test_a_loss_of_everything_has_no_annual_rate() -> None:
    found = metric_set([0.01] * 300 + [-1.0, 0.5]).metrics
    assert found["annual_return"].state is State.RUINED
    assert found["total_return"].value == -1.0
    assert found["max_drawdown"].value == -1.0


def test_less_than_a_year_is_annualised_only_if_asked() -> None:
    shy = metric_set(OWN[:100]).metrics["annual_return"]
    bold = metric_set(OWN[:100], Conventions(annualise_short=True)).metrics["annual_return"]
    assert (shy.state, shy.count, shy.needed) == (State.INSUFFICIENT, 100, 252)
    assert bold.is_measured


def test_a_risk_free_series_counts_period_by_period() -> None:
    rates = np.full(len(OWN), RATE)
    series = metric_set(OWN, replace(CONVENTIONS, risk_free=0.0), risk_free=rates)
    assert series.metrics["sharpe_ratio"].value == pytest.approx(full()["sharpe_ratio"].value)


@given(values=anything, other=anything)
def test_no_metric_is_ever_nan_or_infinite(values: list[float], other: list[float]) -> None:
    shared = min(len(values), len(other))
    found = metric_set(values[:shared], benchmark=other[:shared]).metrics
    for estimate in found.values():
        assert (estimate.value is None) == (estimate.state is not State.MEASURED)
        assert estimate.value is None or np.isfinite(estimate.value)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"values": [0.1, np.nan]}, "returns[1]"),
        ({"values": [np.inf]}, "returns[0]"),
        ({"values": [[0.1], [0.2]]}, "returns"),
        ({"values": ["a"]}, "returns"),
        ({"values": [0.1, 0.2], "benchmark": [0.1]}, "benchmark"),
        ({"values": [0.1, 0.2], "risk_free": [0.1]}, "risk_free"),
        ({"values": [0.1], "dates": ["2020-01-01"] * 3}, "dates[1]"),
        ({"values": [0.1, 0.2], "dates": ["2020-01-02", "2020-01-01"]}, "dates[1]"),
        ({"values": [0.1, 0.2], "dates": ["2020-01-01"]}, "dates"),
        ({"values": [0.1], "dates": ["tomorrow"]}, "dates"),
    ],
)
def test_bad_input_is_refused_by_the_name_of_its_place(
    arguments: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidField) as refusal:
        metric_set(**arguments)  # type: ignore[arg-type]
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("periods_per_year", 0),
        ("risk_free", -1),
        ("minimum_acceptable", np.nan),
        ("ddof", 2),
        ("tail", 0.5),
    ],
)
def test_conventions_that_make_no_sense_are_refused(field: str, value: float) -> None:
    with pytest.raises(InvalidField) as refusal:
        Conventions(**{field: value})  # type: ignore[arg-type]
    assert refusal.value.field == field
