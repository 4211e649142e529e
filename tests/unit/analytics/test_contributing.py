"""Profit told apart adds up, whichever way it is told apart, and is what the book has."""

import math
from datetime import time
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck_server.analytics.domain.attribution.changes import Changes, Position
from quarterdeck_server.analytics.domain.attribution.clock import Clock
from quarterdeck_server.analytics.domain.attribution.composing import (
    CASH,
    Holdings,
    aligned,
    held_side,
)
from quarterdeck_server.analytics.domain.attribution.contributing import (
    ContributionKey,
    Contributions,
    Labels,
    contributions,
)
from quarterdeck_server.analytics.domain.attribution.entries import Entries, entries_of
from quarterdeck_server.analytics.domain.attribution.path import Path
from quarterdeck_server.analytics.domain.attribution.rates import Rates
from quarterdeck_server.analytics.domain.attribution.trail import trail
from quarterdeck_server.analytics.domain.subject import Portfolio
from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.kernel.errors import NotPossibleNow
from quarterdeck_server.kernel.money import Money
from quarterdeck_server.trading.portfolio import Book, Fill, Instrument, PositionKey, Side, Split
from quarterdeck_server.trading.portfolio.walk import Held, Step, Walk

DAY_NS = 86_400 * 10**9
EXACT = 1e-12
CLOCK = Clock(DayRoll(ZoneInfo("America/New_York"), time(17)))
DOLLARS = Rates("USD", {})
FACTS = {name: Instrument(name, "USD", Decimal(size)) for name, size in (("A.X", 1), ("B.X", 50))}
SECTORS = {"A.X": "Energy"}


def changes_of(key: PositionKey, steps: list[Step], base: str = "USD") -> Changes:
    """Return steps as the trading area sends them."""
    facts = FACTS[key.instrument]
    about = (key.account, key.strategy, key.instrument)
    size = float(facts.multiplier)
    return Changes(
        position=Position(*about, facts.currency, base, size, facts.is_inverse),
        kinds=np.array([step.kind.value for step in steps]),
        times=np.array([step.time_ns for step in steps]),
        changes=np.array([float(step.change) for step in steps]),
        quantities=np.array([float(step.held.quantity) for step in steps]),
        prices=np.array([math.nan if step.price is None else float(step.price) for step in steps]),
        realised=np.array([float(step.realised) for step in steps]),
        fees=np.array([float(step.fee) for step in steps]),
        incomes=np.array([float(step.income) for step in steps]),
        currencies=[step.currency or facts.currency for step in steps],
    )


def walked(fills: list[Fill], start_ns: int = 0) -> list[Changes]:
    """Return the changes of each position from a time on, in the order of time."""
    found = []
    for key in dict.fromkeys(fill.key for fill in fills):
        walk, steps = Walk(key, FACTS[key.instrument], Held()), []
        for fill in fills:
            if fill.key == key:
                if fill.time_ns >= start_ns and not steps:
                    steps += walk.carried
                taken = walk.take(fill)
                steps += taken if fill.time_ns >= start_ns else ()
        found.append(changes_of(key, steps or [*walk.carried]))
    return [one for one in found if len(one)]


def fill(key: tuple[str, str, Side], quantity: int, price: int, at: int, fee: int) -> Fill:
    strategy, instrument, side = key
    money = Money(Decimal(fee) / 100, "USD")
    about = ("f", "SIM-001", instrument, strategy, side)
    return Fill(*about, Decimal(quantity), Decimal(price) / 100, at * DAY_NS // 40, money)


FILLS = st.lists(
    st.builds(
        fill,
        st.tuples(
            st.sampled_from(["one", "two"]), st.sampled_from([*FACTS]), st.sampled_from(Side)
        ),
        st.integers(1, 500),
        st.integers(1, 50_000),
        st.integers(1, 400),
        st.integers(-50, 300),
    ),
    min_size=1,
    max_size=8,
).map(lambda fills: sorted(fills, key=lambda one: one.time_ns))
PRICES = st.lists(st.floats(0.5, 500).map(lambda one: round(one, 2)), min_size=12, max_size=12)


def paths_of(prices: list[float]) -> dict[str, Path]:
    closes = np.arange(1, len(prices) + 1) * DAY_NS
    return {
        name: Path.of_bars(closes, np.array(prices) * scale)
        for name, scale in (("A.X", 1.0), ("B.X", 0.3))
    }


def told(
    found: list[Changes], paths: dict[str, Path], key: ContributionKey, start_ns: int = 0
) -> Contributions:
    parts = [
        entries_of(n, trail(one, paths[one.position.instrument], start_ns), one, DOLLARS)
        for n, one in enumerate(found)
    ]
    labels = Labels([one.position for one in found], SECTORS, CLOCK)
    return contributions(key, Entries.joined(parts) if parts else Entries.none(), labels)


@settings(deadline=None, max_examples=25)
@given(FILLS, PRICES)
def test_every_key_adds_up_to_what_the_book_has(fills: list[Fill], prices: list[float]) -> None:
    book = Book()
    for facts in FACTS.values():
        book.add_instrument(facts)
    for one in fills:
        book.apply(one)
    paths = paths_of(prices)
    for name, path in paths.items():
        book.trade(name, Decimal(repr(float(path.values[-1]))), 13 * DAY_NS)
    positions = book.positions(open_only=False)
    expected = [
        math.fsum(float(getattr(one, field)) for one in positions)
        for field in ("realised", "unrealised")
    ]
    size = 1 + sum(abs(float(one.quantity * one.price)) * 200_000 for one in fills)
    changes = walked(fills)
    for key in ContributionKey:
        found = told(changes, paths, key)
        whole = (found.total.realised, found.total.unrealised)
        assert whole == pytest.approx(expected, abs=EXACT * size)
        for field in ("profit", "realised", "unrealised", "fees"):
            parts = [getattr(group, field) for group in found.groups]
            total = getattr(found.total, field)
            assert abs(math.fsum(parts) - total) <= EXACT * max(map(abs, [*parts, total]))


@settings(deadline=None, max_examples=25)
@given(FILLS, PRICES, st.integers(1, 11))
def test_windows_add_up_to_the_whole(fills: list[Fill], prices: list[float], day: int) -> None:
    cut, paths = day * DAY_NS + 7 * 3_600 * 10**9, paths_of(prices)
    key = ContributionKey.SIDE
    first = [one for one in fills if one.time_ns < cut]
    early = {name: path.before(cut) for name, path in paths.items()}
    parts = [told(walked(first), early, key), told(walked(fills, cut), paths, key, cut)]
    whole = told(walked(fills), paths, key)
    size = 1 + sum(abs(float(one.quantity * one.price)) * 200_000 for one in fills)
    for field in ("profit", "realised", "unrealised", "fees", "fill_count"):
        total = math.fsum(getattr(part.total, field) for part in parts)
        assert total == pytest.approx(getattr(whole.total, field), abs=EXACT * size)


@settings(deadline=None, max_examples=25)
@given(FILLS, PRICES)
def test_groups_of_a_portfolio_add_up_to_its_daily_returns(
    fills: list[Fill], prices: list[float]
) -> None:
    paths, found = paths_of(prices), walked(fills)
    ends = np.arange(13) * DAY_NS
    capital = 1e10
    holdings = Holdings(found, paths, DOLLARS, Portfolio("SIM-001", "", capital), Path.empty())
    side, unpriced = held_side(holdings, {"A.X": "Energy", "B.X": CASH}, ends)
    assert unpriced == ()
    assert np.allclose(side.weights.sum(axis=1), 1, rtol=0, atol=1e-9)
    whole = told(found, paths, ContributionKey.ACCOUNT).total.profit
    growth = np.prod(1 + side.contributions.sum(axis=1))
    assert capital * (growth - 1) == pytest.approx(whole, rel=1e-9, abs=1e-4)
    left, right = aligned(side, side)
    assert left.groups == right.groups


def test_a_split_makes_no_profit_and_a_short_position_gains_when_prices_fall() -> None:
    position = Position("SIM-001", "one", "A.X", "USD", "USD")
    nothing = np.zeros(3)
    changes = Changes(
        position=position,
        kinds=np.array([2, 4, 3]),
        times=np.array([1, 3, 5]) * DAY_NS,
        changes=np.array([-10.0, -30.0, 40.0]),
        quantities=np.array([-10.0, -40.0, 0.0]),
        prices=np.array([100.0, np.nan, 20.0]),
        realised=np.array([0.0, 0.0, 200.0]),
        fees=nothing,
        incomes=nothing,
        currencies=["USD"] * 3,
    )
    seen = Path(np.array([2, 4]) * DAY_NS, np.array([104.0, 26.0]))
    along = trail(changes, seen, 0)
    assert along.profits.tolist() == [0, -40, 0, 0, 240]
    found = told([changes], {"A.X": seen}, ContributionKey.SIDE)
    assert [(one.group, one.profit, one.unrealised) for one in found.groups] == [("short", 200, 0)]


def test_a_split_between_a_windows_start_and_the_price_before_it_makes_no_profit() -> None:
    key = PositionKey("SIM-001", "A.X", "one")
    walk = Walk(key, FACTS["A.X"], Held())
    walk.take(fill(("one", "A.X", Side.BUY), 10, 10_000, 40, 0))
    walk.take(Split("S-1", "A.X", Decimal(2), Decimal(1), 5 * DAY_NS // 2))
    seen = Path(np.array([2, 4]) * DAY_NS, np.array([110.0, 56.0]))
    found = trail(changes_of(key, [*walk.carried]), seen, 3 * DAY_NS)
    assert found.profits.tolist() == [20 * (56 - 55)]


def test_an_account_without_capital_is_refused_by_its_day() -> None:
    paths, found = paths_of([1.0] * 12), walked([fill(("one", "A.X", Side.BUY), 1, 1, 50, 0)])
    holdings = Holdings(found, paths, DOLLARS, Portfolio("SIM-001"), Path.empty())
    with pytest.raises(NotPossibleNow, match=r"SIM-001 has no capital .* of 1970-01-02"):
        held_side(holdings, {"A.X": "Energy"}, np.arange(13) * DAY_NS)


def test_a_rate_that_is_not_known_is_refused_by_its_day() -> None:
    rates = Rates("USD", {"EUR": Path(np.array([DAY_NS]), np.array([1.1]))})
    assert rates.read("EUR", np.array([2 * DAY_NS])).tolist() == [1.1]
    for late in (0, 20 * DAY_NS):
        with pytest.raises(NotPossibleNow, match="EUR has no rate to USD"):
            rates.read("EUR", np.array([late]))


@given(st.lists(st.integers(0, 2**61), min_size=1, max_size=20))
def test_the_clock_reads_many_moments_as_the_roll_reads_one(times: list[int]) -> None:
    for clock in (CLOCK, Clock(DayRoll(ZoneInfo("Asia/Kolkata"), time()))):
        expected = [clock.roll.day_of(one) for one in times]
        assert clock.days(np.array(times)).tolist() == expected
