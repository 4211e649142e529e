"""What executions cost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.estimate import Estimate, State, Unmeasured
from quarterdeck_server.quant.execution import benchmark, impact, orders, spread
from quarterdeck_server.quant.execution.shortfall import Order, implementation_shortfall

price = st.floats(1, 1000)
fills = st.lists(st.tuples(price, st.floats(0.1, 100)), min_size=1, max_size=10)
TIMES = np.array([0, 10, 20], dtype=np.int64)


@given(fills=fills, side=st.sampled_from([1, -1]), marks=st.tuples(price, price, price))
def test_the_parts_of_a_shortfall_are_paper_less_real_profit(
    fills: list[tuple[float, float]], side: int, marks: tuple[float, float, float]
) -> None:
    prices, sizes = np.array(fills).T
    decision, arrival, end = marks
    order = Order(side, float(sizes.sum()) + 5, decision, arrival, end, fees=3)
    found = implementation_shortfall(order, prices, sizes)
    paper = side * order.quantity * (end - decision)
    real = side * float(((end - prices) * sizes).sum()) - order.fees
    assert found.total == pytest.approx(paper - real, rel=1e-9, abs=1e-6)
    assert found.bps(found.total) == pytest.approx(found.total / found.paper * 1e4)


@given(fills=fills, marks=st.tuples(price, price, price))
def test_a_sale_costs_what_the_purchase_gained(
    fills: list[tuple[float, float]], marks: tuple[float, float, float]
) -> None:
    prices, sizes = np.array(fills).T
    quantity = float(sizes.sum())
    bought, sold = (
        implementation_shortfall(Order(side, quantity, *marks), prices, sizes) for side in (1, -1)
    )
    assert bought.total == -sold.total
    assert bought.opportunity == 0


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"side": 0}, "side"),
        ({"quantity": 0.0}, "quantity"),
        ({"decision_price": -1.0}, "decision_price"),
        ({"arrival_price": np.nan}, "arrival_price"),
        ({"end_price": np.inf}, "end_price"),
        ({"quantity": 5.0}, "quantities"),
        ({"quantity": 20.0}, "end_price"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(order: dict[str, float], field: str) -> None:
    given = {"side": 1, "quantity": 10.0, "decision_price": 1.0, "arrival_price": 1.0, **order}
    with pytest.raises(InvalidField) as refusal:
        implementation_shortfall(Order(**given), [1.0], [10.0])  # type: ignore[arg-type]
    assert refusal.value.field == field


def test_own_fills_can_be_taken_out_of_a_market_average() -> None:
    prices, sizes = [10.0, 11.0, 12.0], [1.0, 2.0, 1.0]
    assert benchmark.average_price(prices, sizes) == Estimate(11.0, 3)
    others = benchmark.average_price_of_others(prices, sizes, [12.0], [1.0])
    assert others.value == pytest.approx(32 / 3)
    alone = benchmark.average_price_of_others(prices, sizes, prices, sizes)
    assert alone.state is State.INSUFFICIENT
    assert benchmark.average_price([], []).state is State.INSUFFICIENT


def test_a_time_weighted_price_counts_how_long_each_price_held() -> None:
    prices = [1.0, 2.0, 4.0]
    assert benchmark.time_weighted_price(TIMES, prices, 5, 25) == Estimate(2.25, 3)
    assert benchmark.time_weighted_price(TIMES, prices, -10, 10) == Estimate(1.0, 1)
    before = benchmark.time_weighted_price(TIMES, prices, -10, 0)
    assert before.state is State.INSUFFICIENT
    with pytest.raises(InvalidField, match="after start_ns"):
        benchmark.time_weighted_price(TIMES, prices, 5, 5)
    with pytest.raises(InvalidField, match=r"times_ns\[1\]"):
        benchmark.time_weighted_price(TIMES[::-1], prices, 0, 5)


def test_slippage_is_above_zero_where_the_benchmark_was_better() -> None:
    assert benchmark.slippage_bps(1, 101, 100) == pytest.approx(100)
    assert benchmark.slippage_bps(-1, 101, 100) == pytest.approx(-100)
    with pytest.raises(InvalidField):
        benchmark.slippage_bps(1, 101, 0)


def test_participation_is_a_share_of_the_market_with_the_own_part() -> None:
    assert benchmark.participation_rate(25, 100).value == 0.25
    assert benchmark.participation_rate(0, 0).state is State.INSUFFICIENT
    with pytest.raises(InvalidField):
        benchmark.participation_rate(101, 100)


def test_impact_is_what_the_realised_spread_lacks() -> None:
    sides, prices, mids, later = [1, -1], [100.03, 99.9], [100.0, 100.0], [100.02, 100.05]
    effective = spread.effective_spread_bps(sides, prices, mids)
    realised = spread.realised_spread_bps(sides, prices, mids, later)
    moved = spread.price_impact_bps(sides, mids, later)
    assert effective == pytest.approx(realised + moved)


def test_markouts_wait_until_their_horizon_is_known() -> None:
    bought = spread.Fills(np.array([1.0, 1.0]), np.array([100.0, 100.0]), np.ones(2), TIMES[:2])
    mids = spread.Mids(TIMES, np.array([99.0, 101.0, 102.0]), until_ns=20)
    now, later, never = spread.markouts(bought, mids, (0, 10, 100))
    assert (now.mean_bps.value, now.mean_bps.count, now.missing) == (pytest.approx(0), 2, 0)
    assert later.mean_bps.value == pytest.approx(150)
    assert (never.mean_bps.state, never.missing) == (State.INSUFFICIENT, 2)
    with pytest.raises(InvalidField, match=r"horizons_ns\[0\]"):
        spread.markouts(bought, mids, (-1,))


def test_fills_have_a_side() -> None:
    with pytest.raises(InvalidField) as refusal:
        spread.Fills(np.array([1.0, 0.5]), np.ones(2), np.ones(2), TIMES[:2])
    assert refusal.value.field == "sides[1]"


@given(coefficient=st.floats(0.1, 3), noise=st.integers(0, 2**32 - 1))
def test_a_square_root_law_is_found_in_orders_that_follow_it(
    coefficient: float, noise: int
) -> None:
    source = np.random.default_rng(noise)
    sizes, volumes = source.uniform(1, 1e4, 50), source.uniform(1e5, 1e6, 50)
    costs = [
        impact.square_root_impact(q, v, 0.02, coefficient)
        for q, v in zip(sizes, volumes, strict=True)
    ]
    found = impact.fit_square_root(costs, sizes, volumes, np.full(50, 0.02))
    assert isinstance(found, impact.ImpactFit)
    assert found.coefficient == pytest.approx(coefficient)
    assert (found.error, found.r_squared) == (pytest.approx(0, abs=1e-9), pytest.approx(1))


def test_an_impact_needs_orders_with_sizes() -> None:
    assert impact.fit_square_root([1], [1], [1], [1]) == Unmeasured(State.INSUFFICIENT, 1, 3)
    with pytest.raises(InvalidField, match=r"quantities\[0\]"):
        impact.fit_square_root([1.0], [0.0], [1.0], [1.0])
    for wrong in ({"quantity": -1}, {"daily_volume": 0}):
        with pytest.raises(InvalidField):
            impact.square_root_impact(
                **{"quantity": 1, "daily_volume": 1, "daily_volatility": 1, **wrong}
            )
    for wrong in ({"days": 0}, {"float_turnover": 0}, {"share_of_volume": -1}):
        with pytest.raises(InvalidField):
            impact.almgren_impact(
                **{
                    "share_of_volume": 0.1,
                    "days": 1,
                    "daily_volatility": 0.01,
                    "float_turnover": 100,
                    **wrong,
                }
            )


def test_orders_are_counted_by_how_they_ended() -> None:
    assert orders.fill_ratio([5, 10], [10, 10]) == Estimate(0.75, 2)
    assert orders.share(1, 4, "rejects") == Estimate(0.25, 4)
    assert orders.share(0, 0).state is orders.fill_ratio([], []).state is State.INSUFFICIENT
    with pytest.raises(InvalidField, match=r"filled\[0\]"):
        orders.fill_ratio([11], [10])
    with pytest.raises(InvalidField, match="rejects"):
        orders.share(5, 4, "rejects")


def test_makers_are_counted_by_value_and_by_number() -> None:
    found = orders.maker_share([True, False, False], [10.0, 10.0, 20.0], [1.0, 1.0, 1.0])
    assert found.by_value.value == 0.25
    assert found.by_count.value == pytest.approx(1 / 3)
    assert orders.maker_share([], [], []).by_value.state is State.INSUFFICIENT


def test_a_percentile_of_latency_was_observed() -> None:
    """The 99th of 1,000 is the 990th, not the 991st that binary fractions make of it."""
    found = orders.latency_percentiles(np.arange(1000, 0, -1), (50, 99, 99.9, 100))
    assert [one.value for one in found.values()] == [500, 990, 999, 1000]
    assert orders.latency_percentiles([1, 2], (99,))[99] == Estimate.insufficient(2, 100)
    with pytest.raises(InvalidField, match=r"latencies_ns\[1\]"):
        orders.latency_percentiles([1, -1])
    with pytest.raises(InvalidField, match=r"percents\[0\]"):
        orders.latency_percentiles([1], (0,))
