"""What is attributed adds up to what there was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.attribution.brinson import Allocation, Effects, brinson, effects_of
from quarterdeck_server.quant.attribution.grouping import by_key, hours, weekdays
from quarterdeck_server.quant.attribution.linking import (
    Linking,
    linked,
    linked_contributions,
    linking_factors,
)

EXACT = 1e-12
QUARTERS = {
    "portfolio_weights": [[0.4, 0.3, 0.3], [0.7, 0.2, 0.1]],
    "benchmark_weights": [[0.4, 0.2, 0.4], [0.4, 0.3, 0.3]],
    "portfolio_returns": [[0.2, -0.05, 0.06], [-0.05, 0.03, -0.05]],
    "benchmark_returns": [[0.1, -0.04, 0.08], [-0.07, 0.04, -0.1]],
}


@st.composite
def effects(draw: st.DrawFn) -> Effects:
    """Draw weights that add up to one, short positions among them, and returns."""
    shape = (draw(st.integers(1, 12)), draw(st.integers(1, 6)))
    tables = [draw(arrays(float, shape, elements=st.floats(-0.3, 0.3))) for _ in range(4)]
    for table in tables[:2]:
        table[:, 0] += 1 - table.sum(axis=1)
    return brinson(*tables, draw(st.sampled_from(Allocation)))


@given(found=effects())
def test_effects_of_a_period_add_up_to_its_active_return(found: Effects) -> None:
    parts = np.hstack([found.allocation, found.selection, found.interaction])
    apart = np.abs(parts.sum(axis=1) - found.active)
    size = np.abs(parts).sum(axis=1) + np.abs(found.portfolio) + np.abs(found.benchmark)
    assert (apart <= EXACT * size + 1e-300).all()


@pytest.mark.parametrize("method", Linking)
@given(found=effects())
def test_linked_effects_add_up_to_the_compounded_active_return(
    method: Linking, found: Effects
) -> None:
    if min(found.portfolio.min(), found.benchmark.min()) <= -0.99:
        return
    whole = linked(found, method)
    size = sum(
        (np.abs(whole.factors) @ np.abs(part)).sum()
        for part in (found.allocation, found.selection, found.interaction)
    )
    size += abs(whole.portfolio) + abs(whole.benchmark)
    # The compounded returns themselves are good to a rounding of 1 + R.
    assert abs(whole.total.sum() - whole.active) <= EXACT * size + 1e-15


@pytest.mark.parametrize("method", [Linking.CARINO, Linking.MENCHERO])
def test_the_order_of_periods_does_not_matter(method: Linking) -> None:
    own, other = np.array([0.1, -0.2, 0.05]), np.array([0.02, -0.1, 0.05])
    forth = linking_factors(own, other, method)
    back = linking_factors(own[::-1], other[::-1], method)
    assert back[::-1] == pytest.approx(forth, rel=1e-12)


@pytest.mark.parametrize("method", [Linking.CARINO, Linking.GRAP])
def test_linking_has_a_limit_where_portfolio_and_benchmark_are_equal(method: Linking) -> None:
    own = np.array([0.1, -0.2, 0.05])
    near = linking_factors(own, own + 1e-7, method)
    assert linking_factors(own, own, method) == pytest.approx(near, rel=1e-5)


@given(table=arrays(float, (6, 3), elements=st.floats(-0.2, 0.3)))
def test_contributions_over_time_add_up_to_the_compounded_return(table: np.ndarray) -> None:
    whole = np.prod(1 + table.sum(axis=1)) - 1
    found = linked_contributions(table)
    assert abs(found.sum() - whole) <= EXACT * (1 + np.abs(table).sum())


def test_what_one_side_does_not_hold_needs_no_return() -> None:
    """A bet outside of the benchmark is allocation; what was not held has no selection."""
    found = brinson([0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [0.1, 0.2, np.nan], [0.1, np.nan, -0.1])
    assert found.allocation[0].tolist() == pytest.approx([0, 0.1, 0.05])
    assert found.selection[0].tolist() == found.interaction[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"portfolio_weights": [[0.4, 0.3, 0.3], [0.7, 0.2, 0.2]]}, "portfolio_weights[1]"),
        ({"benchmark_weights": [[1.0]]}, "benchmark_weights"),
        ({"benchmark_returns": [[0.1, -0.04, 0.08]]}, "benchmark_returns"),
        ({"portfolio_returns": [[0.2, np.nan, 0], [0, 0, 0]]}, "portfolio_returns[0][1]"),
    ],
)
def test_what_cannot_add_up_is_refused(change: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        brinson(**{**QUARTERS, **change})  # type: ignore[arg-type]
    assert refusal.value.field == field


def test_a_loss_of_everything_cannot_be_linked() -> None:
    with pytest.raises(InvalidField) as refusal:
        linking_factors([0.1, -1.0], [0.0, 0.0])
    assert refusal.value.field == "portfolio[1]"


@given(
    rows=st.lists(st.tuples(st.sampled_from("abc"), st.floats(-1e9, 1e9)), max_size=50),
    seed=st.randoms(use_true_random=False),
)
def test_profit_by_any_key_adds_up_to_all_profit(
    rows: list[tuple[str, float]], seed: object
) -> None:
    found = by_key([key for key, _ in rows], [amount for _, amount in rows])
    size = sum(abs(part.amount) for part in found.parts)
    assert abs(sum(part.amount for part in found.parts) - found.total) <= EXACT * size
    seed.shuffle(rows)  # type: ignore[attr-defined]
    again = by_key([key for key, _ in rows], [amount for _, amount in rows])
    assert {p.key: p.amount for p in again.parts} == {p.key: p.amount for p in found.parts}


def test_a_total_of_zero_has_no_shares() -> None:
    found = by_key(["a", "b"], [1.0, -1.0])
    assert [(part.key, part.share) for part in found.parts] == [("a", None), ("b", None)]
    with pytest.raises(InvalidField):
        by_key(["a"], [1.0, 2.0])


def test_days_and_hours_are_those_of_the_local_clock() -> None:
    """2024-03-04 00:30 UTC was a Monday, and still Sunday evening in New York."""
    times = np.array([1_709_512_200_000_000_000])
    assert (weekdays(times).tolist(), hours(times).tolist()) == ([0], [0])
    assert (weekdays(times, -18_000).tolist(), hours(times, -18_000).tolist()) == ([6], [19])


@given(data=st.data())
def test_effects_of_contributions_are_those_of_returns_and_add_up_without_weights(
    data: st.DataObject,
) -> None:
    shape = (data.draw(st.integers(1, 6)), data.draw(st.integers(1, 5)))
    numbers = st.floats(-0.3, 0.3).map(lambda number: round(number, 3))
    tables = [data.draw(arrays(float, shape, elements=numbers)) for _ in range(4)]
    for table in tables[:2]:
        table[:, 0] += 1 - table.sum(axis=1)
    own, other, mine, theirs = tables
    usual, found = brinson(*tables), effects_of(own, other, own * mine, other * theirs)
    held = (np.abs(own) > 1e-4) & (np.abs(other) > 1e-4)
    for name in ("allocation", "selection", "interaction"):
        left, right = getattr(usual, name), getattr(found, name)
        assert np.allclose(left[held], right[held], rtol=1e-9, atol=1e-15)
    # What was traded within a period may have made something without any weight.
    traded = effects_of(own, other, mine, theirs)
    size = 1 + np.abs(traded.total).sum(axis=1) + np.abs(mine).sum(axis=1)
    assert (np.abs(traded.total.sum(axis=1) - traded.active) <= EXACT * size).all()


def test_what_a_group_without_weight_made_is_interaction() -> None:
    found = effects_of([[0.0, 1.0]], [[0.5, 0.5]], [[0.01, 0.02]], [[0.05, 0.01]])
    assert found.selection[0, 0] == 0
    assert found.interaction[0, 0] == pytest.approx(0.01)
    assert found.total.sum() == pytest.approx(0.03 - 0.06, rel=EXACT)
    # A tenth is left of what is long and short: ten times its profit is nobody's return.
    part = effects_of(
        [[0.1, 0.9]],
        [[0.5, 0.5]],
        [[0.1, 0.0]],
        [[0.0, 0.0]],
        portfolio_gross=[[1.0, 0.9]],
    )
    assert (part.selection[0, 0], part.interaction[0, 0]) == (0, pytest.approx(0.1))
