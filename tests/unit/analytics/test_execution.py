"""What executions cost, by cases that can be followed by hand."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.analytics.executions import DAY_NS, START, S, at, bars, market, orders

from quarterdeck_server.analytics.domain.execution.asking import Key, Manner
from quarterdeck_server.analytics.domain.execution.budget import Budget, TooMuch
from quarterdeck_server.analytics.domain.execution.impact import Plan, impact, usual
from quarterdeck_server.analytics.domain.execution.market import Bars, Market
from quarterdeck_server.analytics.domain.execution.orders import Orders
from quarterdeck_server.analytics.domain.execution.pricing import lacking
from quarterdeck_server.analytics.domain.execution.quality import Quality, qualities
from quarterdeck_server.analytics.domain.execution.slippage import Slippages, slippages
from quarterdeck_server.analytics.domain.execution.spans import day_span, merged, needs
from quarterdeck_server.quant.estimate import State

QUOTES = {0: 100.0, 30: 101.0, 60: 102.0, 61: 103.0, 360: 100.0}
NAME = "AAPL.XNAS"
USUAL = Manner()


def quality(found: Orders, known: Market, manner: Manner = USUAL) -> Quality:
    (one,) = qualities(found, {NAME: known}, manner)
    return one


def test_the_means_of_one_order_are_those_of_a_sheet_of_paper() -> None:
    trades = [(0.0, 100.0, 30.0, "A"), (30.0, 102.0, 10.0, "T"), (59.0, 104.0, 10.0, "B")]
    one = quality(orders({"decision_price": 99.0}), market(QUOTES, trades))
    assert (one.orders, one.fills, one.notional, one.currency) == (1, 1, 1010.0, "USD")
    wanted = {
        "arrival_slippage_bps": 1e4 * (101 - 100) / 100,
        "vwap_slippage_bps": 1e4 * (101 - 101) / 101,
        "twap_slippage_bps": 1e4 * (101 - 100.5) / 100.5,
        "effective_spread_bps": 2e4 * (101 - 102) / 102,
        "realised_spread_bps": 2e4 * (101 - 100) / 102,
        "participation": 10 / 50,
        "fill_ratio": 1.0,
        "reject_ratio": 0.0,
        "cancel_ratio": 0.0,
        "maker_share": 0.0,
    }
    assert {n: one.means[n].value for n in wanted} == pytest.approx(wanted)
    assert one.means["close_slippage_bps"].state is State.INSUFFICIENT
    parts = {name: part.value for name, part in one.shortfall.items()}
    amounts = {"explicit": 1, "delay": 10, "trading": 10, "opportunity": 0, "total": 21}
    assert parts == pytest.approx({n: 1e4 * each / 990 for n, each in amounts.items()})
    markouts = {m.horizon_ns // S: m.mean_bps.value for m in one.markouts}
    moved = {1: 2, 10: 2, 60: 2, 300: -1}
    assert markouts == pytest.approx({h: 1e4 * each / 101 for h, each in moved.items()})


def test_a_sale_gains_what_a_purchase_costs() -> None:
    known = market(QUOTES)
    bought, sold = (quality(orders({"side": side}), known) for side in (1.0, -1.0))
    for name in ("arrival_slippage_bps", "effective_spread_bps", "realised_spread_bps"):
        assert bought.means[name].value == -(sold.means[name].value or 0)


def test_what_was_not_filled_costs_what_the_price_ran_away() -> None:
    order = {"status": "CANCELED", "fills": [{"quantity": 4.0, "fee": 0.0}]}
    one = quality(orders(order), market(QUOTES))
    assert one.shortfall["opportunity"].value == pytest.approx(1e4 * 6 * (102 - 100) / 1000)
    assert one.shortfall["delay"].state is State.INSUFFICIENT
    assert one.means["fill_ratio"].value == 0.4
    assert one.means["cancel_ratio"].value == 1.0


def test_an_average_is_not_of_a_price_that_was_too_old_when_the_order_came() -> None:
    known = {NAME: market({0: 90.0, 5400: 100.0, 5430: 101.0})}
    fill = {"time_ns": 3660}
    late = {"submit_ns": 3600, "accept_ns": 3600, "end_ns": 5460, "fills": [fill]}
    found = slippages(orders(late, {**late, "end_ns": 5399}), known, USUAL)
    assert found.prices.twap.tolist() == pytest.approx([100.5, np.nan], nan_ok=True)


def test_bars_are_read_where_only_the_end_of_an_order_is_without_a_price() -> None:
    quotes, trades = {0: 100.0, 60: 101.0}, [(1.0, 100.0, 30.0, "A")]
    known = market(quotes, trades)
    canceled = {"status": "CANCELED", "end_ns": 1800, "fills": [{"quantity": 4.0}]}
    asked = orders({}, {**canceled, "end_ns": 60}, canceled)
    assert lacking(asked, known, USUAL, 60 * S).tolist() == [False, False, True]


def test_an_order_lived_until_a_fill_that_came_after_its_cancel() -> None:
    late = {"status": "CANCELED", "end_ns": 30, "fills": [{"quantity": 4.0, "time_ns": 60}]}
    found = slippages(orders(late), {NAME: market(QUOTES)}, USUAL)
    assert found.prices.twap[0] == pytest.approx((100 + 101) / 2)
    assert found.prices.end[0] == 102


def test_an_order_that_works_has_costs_so_far_and_no_shortfall() -> None:
    order = {"status": "PARTIALLY_FILLED", "end_ns": None, "fills": [{"quantity": 4.0}]}
    one = quality(orders(order), market(QUOTES))
    assert one.means["twap_slippage_bps"].is_measured
    assert one.shortfall["total"].state is State.INSUFFICIENT
    assert one.means["fill_ratio"].state is State.INSUFFICIENT


def test_what_was_not_recorded_is_insufficient_and_never_zero() -> None:
    one = quality(orders({}), market())
    measured = {name for name, mean in one.means.items() if mean.is_measured}
    assert measured == {"fill_ratio", "reject_ratio", "cancel_ratio", "maker_share"}
    assert one.shortfall["total"].needed == 1
    assert {m.missing for m in one.markouts} == {1}
    assert one.price_uses == ()
    assert quality(orders({"fills": []}), market(QUOTES)).means["maker_share"].needed == 1


def test_horizons_that_are_not_known_yet_are_missing() -> None:
    one = quality(orders({}, {}), market({0: 100.0, 65: 101.0}), Manner(horizons_ns=(S, 10 * S)))
    assert [(m.mean_bps.count, m.missing) for m in one.markouts] == [(2, 0), (0, 2)]


def test_a_price_that_is_too_old_is_none() -> None:
    known = market({-100: 100.0})
    young, old = (quality(orders({}), known, Manner(most_age_ns=age * S)) for age in (200, 99))
    assert young.means["arrival_slippage_bps"].is_measured
    assert old.means["arrival_slippage_bps"].state is State.INSUFFICIENT


def test_where_there_is_no_quote_a_trade_tells_the_price_and_spreads_are_unknown() -> None:
    known = market(trades=[(-5.0, 100.0, 30.0, "A"), (59.0, 102.0, 10.0, "B")])
    one = quality(orders({}), known)
    assert one.means["arrival_slippage_bps"].value == pytest.approx(100.0)
    assert ("ARRIVAL", "TRADES") in {(use.reference, use.source.name) for use in one.price_uses}
    assert one.means["effective_spread_bps"].state is State.INSUFFICIENT


def test_where_only_bars_exist_prices_come_from_them_and_it_is_said() -> None:
    minute = bars(60, (0, 100, 100, 10), (60, 101, 102, 30), (120, 107, 108, 10))
    day = bars(86_400, (-START, 90, 90, 5), (86_400 - START, 95, 96, 50))
    one = quality(orders({}), market(bars=(minute, day)))
    assert one.means["arrival_slippage_bps"].value == pytest.approx(100.0)
    # Sent at the close of the first bar and ended with the second: it lived in that one alone.
    assert one.means["vwap_slippage_bps"].value == pytest.approx(1e4 * (101 - 101) / 101)
    assert one.means["twap_slippage_bps"].value == pytest.approx(1e4 * (101 - 102) / 102)
    assert one.means["participation"].value == pytest.approx(10 / 30)
    assert one.means["close_slippage_bps"].value == pytest.approx(1e4 * (101 - 96) / 96)
    uses = {(use.reference, use.source.name): use.orders for use in one.price_uses}
    assert uses == {("ARRIVAL", "BARS"): 1, ("VWAP", "BARS"): 1, ("TWAP", "BARS"): 1}


@pytest.mark.parametrize(("span_s", "least_s"), [(60, 15), (86_400, 21_600)])
def test_a_bar_far_longer_than_an_order_tells_no_average(span_s: int, least_s: int) -> None:
    short, long, split = (
        {"status": "CANCELED", "submit_ns": at, "accept_ns": at, "end_ns": at + life, "fills": []}
        for at, life in ((0, least_s - 1), (0, least_s), (span_s - 1, least_s))
    )
    ends = [(span_s * n, 100.0, 100.0, 50.0) for n in (1, 2)]
    known = market(bars=(bars(span_s, *ends),))
    found = slippages(orders(short, long, split), {NAME: known}, USUAL)
    assert np.isnan(found.prices.vwap).tolist() == [True, False, True]
    assert np.isnan(found.prices.twap).tolist() == [True, False, True]
    assert np.isnan(found.prices.market).tolist() == [True, False, True]


def test_nobody_is_compared_with_bars_of_the_own_fills() -> None:
    known = market(bars=(bars(60, (60, 101.0, 101.0, 10.0)),))
    one = quality(orders({}), known)
    assert one.means["vwap_slippage_bps"].state is State.INSUFFICIENT
    assert one.means["participation"].state is State.INSUFFICIENT


def test_what_the_market_paid_does_not_depend_on_the_other_orders_asked_about() -> None:
    trades = [(0.0, 100.0, 30.0, "A"), (30.0, 102.0, 10.0, "T"), (40.0, 106.0, 20.0, "U")]
    own, other = {}, {"fills": [{"trade_id": "U"}]}
    later = {"submit_ns": 90, "accept_ns": 90, "end_ns": 150, "fills": [{"trade_id": "A"}]}
    known = {NAME: market(QUOTES, trades)}
    alone = slippages(orders(own), known, USUAL)
    found = slippages(orders(own, other, later), known, USUAL)
    assert alone.prices.vwap[0] == found.prices.vwap[0] == pytest.approx((3000 + 2120) / 50)
    assert found.prices.vwap[1] == pytest.approx((3000 + 1020) / 40)
    assert found.prices.market.tolist() == pytest.approx([50, 40, np.nan], nan_ok=True)


def test_groups_never_add_up_several_currencies() -> None:
    some = orders(
        {},
        {"instrument": "SAP.XETR", "strategy": "B"},
        {"status": "DENIED", "fills": [], "submit_ns": None, "accept_ns": None},
    )
    markets = {NAME: market(QUOTES), "SAP.XETR": market(QUOTES, currency="EUR")}
    whole = qualities(some, markets, Manner())
    assert [(one.currency, one.orders, one.denied) for one in whole] == [
        ("EUR", 1, 0),
        ("USD", 1, 1),
    ]
    by_venue = qualities(some, markets, Manner(key=Key.VENUE))
    assert {one.group for one in by_venue} == {"XNAS", "XETR"}
    by_strategy = qualities(some, markets, Manner(key=Key.STRATEGY))
    assert [(one.group, one.foreign_fees) for one in by_strategy] == [("B", 1), ("Ema-001", 0)]
    assert by_strategy[0].shortfall["total"].state is State.INSUFFICIENT


def test_ratios_and_latencies_are_of_the_orders_that_were_sent() -> None:
    rejected = {"status": "REJECTED", "accept_ns": None, "end_ns": 2, "fills": []}
    canceled = {"status": "CANCELED", "cancel_request_ns": 50, "fills": [], "accept_ns": -1}
    maker = {"fills": [{"liquidity": "MAKER", "price": 303.0}, {"liquidity": "UNSPECIFIED"}]}
    one = quality(orders({}, rejected, canceled, maker), market(QUOTES))
    assert one.means["reject_ratio"].value == 0.25
    assert one.means["cancel_ratio"].value == 0.25
    assert one.means["maker_share"].value == pytest.approx(0.75)
    medians = {each.kind: each.by_percent[50.0].value for each in one.latencies}
    assert medians == {"SENT_TO_ACCEPTED": S, "SENT_TO_FILLED": 60 * S, "CANCEL_TO_CANCELED": None}
    assert [each.skewed for each in one.latencies] == [1, 0, 0]
    assert [each.by_percent[50.0].count for each in one.latencies] == [2, 2, 1]


def test_an_inverse_contract_costs_in_its_base_currency() -> None:
    facts = {"currency": "BTC", "multiplier": 100.0, "is_inverse": True}
    one = quality(
        orders({"decision_price": 100.0, "fills": [{"fee": 0.0}]}), market(QUOTES, **facts)
    )
    assert one.notional == pytest.approx(10 * 100 / 101)
    assert one.shortfall["trading"].value == pytest.approx(100.0)


def test_single_orders_tell_what_the_group_tells() -> None:
    some = orders({"decision_price": 99.0}, {"fills": []})
    found = slippages(some, {NAME: market(QUOTES)}, Manner())
    assert found.estimate("arrival", 0).value == pytest.approx(100.0)
    assert found.estimate("arrival", 1).state is State.INSUFFICIENT
    assert found.shortfall(0)["delay"].value == pytest.approx(1e4 * 10 / 990)


def days(count: int = 30) -> Bars:
    closes = 100 * 1.01 ** (np.arange(count) % 2)
    moments = (np.arange(count) + 1) * DAY_NS
    return Bars(DAY_NS, moments, closes, closes, np.full(count, 1000.0))


SENT = 25 * 86_400 - START


def impacted() -> Slippages:
    """Three orders that cost the more the larger they were, and one without an arrival price."""
    rows = [
        {
            "submit_ns": SENT,
            "end_ns": SENT + 60,
            "accept_ns": SENT,
            "quantity": size,
            "fills": [{"quantity": size, "price": 100 + size / 10, "time_ns": SENT + 60}],
        }
        for size in (1.0, 4.0, 9.0)
    ]
    return slippages(orders(*rows, {}), {NAME: market({SENT: 100.0})}, Manner())


def test_impact_is_fitted_to_orders_and_foretells_a_planned_one() -> None:
    usual_days = days().days
    plan = Plan(NAME, 4.0)
    told = impact(impacted(), {NAME: usual_days}, plan, at(SENT))
    volume, deviation = usual(usual_days, at(SENT)) or (0, 0)
    size = np.array([1.0, 4.0, 9.0])
    expected = deviation * np.sqrt(size / volume)
    law = expected @ (size / 1000) / (expected @ expected)
    assert told.fit.coefficient == pytest.approx(law)
    assert (told.fit.count, told.missing) == (3, 1)
    assert told.planned_bps.value == pytest.approx(1e4 * law * deviation * np.sqrt(4 / volume))
    nothing = impact(impacted(), {NAME: days(2).days}, plan, at(SENT))
    assert nothing.planned_bps.state is State.INSUFFICIENT


def test_days_long_before_an_order_say_nothing_of_it() -> None:
    known, last_ns = days().days, 30 * DAY_NS
    assert usual(known, last_ns + 57 * DAY_NS) is not None
    assert usual(known, last_ns + 58 * DAY_NS) is None


def test_a_plan_in_a_replay_is_made_after_the_newest_day() -> None:
    known, plan = {NAME: days().days}, Plan(NAME, 4.0)
    now, years_later = (impact(impacted(), known, plan, n * DAY_NS) for n in (30, 5_000))
    assert now.planned_bps.is_measured
    assert now.planned_bps == years_later.planned_bps


spans = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 50)), max_size=30)


@given(wanted=spans, most=st.integers(1, 6))
def test_spans_cover_what_is_wanted_and_are_few(wanted: list[tuple[int, int]], most: int) -> None:
    starts = np.array([start for start, _ in wanted], np.int64)
    ends = starts + np.array([length for _, length in wanted], np.int64)
    found = merged(starts, ends, most)
    assert len(found) <= most
    assert all(a[1] < b[0] for a, b in pairwise(found))
    for start, end in zip(starts, ends, strict=True):
        assert any(first <= start and end <= last for first, last in found)


def test_prices_are_read_around_orders_and_further_back_where_there_are_none() -> None:
    wanted = needs(orders({"fills": []}), Manner(horizons_ns=()))
    assert wanted.quotes() == [(at(-10), at(60))]
    assert wanted.trades(market(QUOTES).quotes, 600 * S) == [(at(0), at(60))]
    assert wanted.trades(market().quotes, 100 * S) == [(at(-100), at(60))]
    assert needs(orders({}), USUAL).trades(market().quotes, 100 * S) == [(at(-100), at(60))]
    assert wanted.older_quotes(market(QUOTES).quotes, 600 * S) == []
    older = wanted.older_quotes(market().quotes, 600 * S)
    assert older == [(0, at(50) - 1)]
    assert day_span(orders({})) == [(1, DAY_NS)]
    some = orders({}, {"submit_ns": None, "accept_ns": None, "fills": []})
    assert lacking(some, market(QUOTES), USUAL, 60 * S).tolist() == [True, False]
    assert lacking(some, market(QUOTES), USUAL, 241 * S).tolist() == [False, False]


def test_a_budget_names_what_was_too_much() -> None:
    budget = Budget("orders", 10)
    budget.spend(10)
    with pytest.raises(TooMuch, match="more than 10 orders") as refusal:
        budget.spend(1)
    assert refusal.value.metadata == {"subject": "orders", "limit": "10"}


def test_no_orders_are_no_groups() -> None:
    nothing = orders({}).of(np.array([False]))
    assert qualities(nothing, {}, Manner()) == ()
    joined = Orders.joined([nothing, orders({}, {}), orders({})])
    assert joined.fills.order.tolist() == [0, 1, 2]
