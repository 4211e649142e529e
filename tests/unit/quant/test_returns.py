"""Returns, and returns of capital that comes and goes."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant import returns
from quarterdeck_server.quant.estimate import State
from quarterdeck_server.quant.flows import (
    FlowTiming,
    modified_dietz_return,
    money_weighted_return,
    sub_period_returns,
    time_weighted_return,
)

some = st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=30)
flow = st.floats(-40, 100)


@given(values=some)
def test_values_give_returns_and_returns_give_values_back(values: list[float]) -> None:
    grown = returns.growth(values)
    assert returns.simple_returns(grown) == pytest.approx(values, abs=1e-12)
    assert returns.to_simple(returns.log_returns(grown)) == pytest.approx(values, abs=1e-12)
    assert returns.log_returns(grown) == pytest.approx(returns.to_log(values), abs=1e-12)


@given(values=some)
def test_a_series_after_another_compounds(values: list[float]) -> None:
    half, rest = values[: len(values) // 2], values[len(values) // 2 :]
    parts = [returns.total_return(part).value or 0.0 for part in (half, rest)]
    whole = returns.total_return(values).value
    assert whole == pytest.approx((1 + parts[0]) * (1 + parts[1]) - 1, abs=1e-9)


def test_a_price_of_zero_is_refused() -> None:
    with pytest.raises(InvalidField) as refusal:
        returns.simple_returns([1.0, 0.0, 2.0])
    assert refusal.value.field == "values[1]"


@pytest.mark.parametrize("timing", FlowTiming)
@given(values=some, data=st.data())
def test_flows_do_not_change_a_time_weighted_return(
    timing: FlowTiming, values: list[float], data: st.DataObject
) -> None:
    """The capital grows with the market whatever is paid in or out, and so does one unit."""
    flows = data.draw(st.lists(flow, min_size=len(values), max_size=len(values)))
    worth = [100.0]
    for earned, paid in zip(values, flows, strict=True):
        base = worth[-1] + paid if timing is FlowTiming.START else worth[-1]
        assume(base > 1)
        worth.append(base * (1 + earned) + (paid if timing is FlowTiming.END else 0))
    assume(min(worth) > 1)
    found = time_weighted_return(worth, flows, timing).value
    assert found == pytest.approx(returns.total_return(values).value, rel=1e-9, abs=1e-9)


def test_a_time_without_capital_earned_nothing() -> None:
    found = sub_period_returns([100, 0, 0, 50, 55], [-110, 0, 50, 0])
    assert found == pytest.approx([0.1, 0, 0, 0.1])


def test_a_gain_on_no_capital_is_refused() -> None:
    with pytest.raises(InvalidField) as refusal:
        sub_period_returns([0, 10], [0])
    assert refusal.value.field == "values[0]"


def test_modified_dietz_weighs_flows_with_their_time() -> None:
    found = modified_dietz_return(100, 131, [20], [0.5])
    assert found.value == pytest.approx(11 / 110)
    assert modified_dietz_return(10, 0, [-30], [0.5]).state is State.RUINED


@given(rate=st.floats(-0.9, 5), days=st.integers(1, 4000), amount=st.floats(1, 1e9))
def test_what_grows_at_a_rate_has_that_money_weighted_return(
    rate: float, days: int, amount: float
) -> None:
    end = amount * (1 + rate) ** (days / 365)
    assume(end > 1e-9)
    found = money_weighted_return([-amount, end], [0, days])
    assert found.value == pytest.approx(rate, rel=1e-6, abs=1e-9)


def test_several_rates_are_ambiguous_and_none_has_no_solution() -> None:
    """-100 + 230 / x - 132 / x² is zero at 10 % and at 20 %."""
    several = money_weighted_return([-100, 230, -132], [0, 365, 730])
    assert (several.value, several.state) == (None, State.AMBIGUOUS)
    assert money_weighted_return([-100, -1], [0, 365]).state is State.NO_SOLUTION
    assert money_weighted_return([-100], [0]).state is State.INSUFFICIENT
    with pytest.raises(InvalidField, match="must not be before"):
        money_weighted_return([-100, 1], [5, 0])


def test_a_rate_of_exactly_zero_is_found() -> None:
    assert money_weighted_return([-100, 100], [0, 365]).value == pytest.approx(0, abs=1e-12)


def test_log_returns_need_more_than_a_loss_of_everything() -> None:
    with pytest.raises(InvalidField) as refusal:
        returns.to_log(np.array([0.1, -1.0]))
    assert refusal.value.field == "returns[1]"


def test_flows_and_values_must_fit() -> None:
    with pytest.raises(InvalidField, match="one fewer"):
        sub_period_returns([100, 110], [0, 0])
    with pytest.raises(InvalidField, match=r"shares\[0\]"):
        modified_dietz_return(100, 110, [5], [1.5])
    assert time_weighted_return([100], []).state is State.INSUFFICIENT


def test_growth_beyond_a_double_is_a_state() -> None:
    found = returns.annualised_return([1e9] * 40, 1)
    assert returns.total_return([1e9] * 40).state is State.OVERFLOW
    assert found.state is State.OVERFLOW
