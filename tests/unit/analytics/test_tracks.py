"""Returns of accounts and strategies, and bringing series of different days together."""

import numpy as np
import pytest

from quarterdeck_server.analytics.domain.earning import DailyEquity, track_of
from quarterdeck_server.analytics.domain.matching import common, free_rates, matched
from quarterdeck_server.analytics.domain.performance import curve, money_weighted, performance
from quarterdeck_server.analytics.domain.subject import Choices, Portfolio
from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.kernel.errors import InvalidField, NotPossibleNow
from quarterdeck_server.quant.conventions import Conventions
from quarterdeck_server.quant.estimate import State
from quarterdeck_server.quant.flows import FlowTiming
from quarterdeck_server.quant.series import Dated, dated


def days(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype="datetime64[D]")


def levels(*pairs: tuple[int, float]) -> Track:
    return Track.of_levels(dated(days(*(d for d, _ in pairs)), [v for _, v in pairs], "values"))


def given(*pairs: tuple[int, float]) -> Track:
    return Track.of_returns(dated(days(*(d for d, _ in pairs)), [v for _, v in pairs]))


def daily(equity: list[float], profit: list[float], flows: list[float]) -> DailyEquity:
    numbers = range(len(equity))
    return DailyEquity("USD", days(*numbers), *map(np.array, (equity, profit, flows)))


DAILY = daily([1000, 1100, 1600, 1440], [0, 100, 100, -60], [0, 500, 0])


def test_an_account_earns_on_its_equity_without_what_was_paid_in() -> None:
    found = track_of(Portfolio("A"), DAILY, FlowTiming.END)
    assert found.returns == pytest.approx([0.1, 0, -0.1], abs=1e-15)
    assert found.currency == "USD"


def test_a_strategy_adds_its_part_to_the_return_of_its_account() -> None:
    parts = [
        daily([1000, 1100, 1600, 1440], profit, [0, 500, 0])
        for profit in ([0, 70, 70, 10], [0, 30, 30, -70])
    ]
    whole = track_of(Portfolio("A"), DAILY, FlowTiming.START).returns
    found = [track_of(Portfolio("A", "S"), part, FlowTiming.START).returns for part in parts]
    assert sum(found) == pytest.approx(whole, abs=1e-15)


def test_a_capital_of_its_own_grows_with_profits() -> None:
    found = track_of(Portfolio("A", "S", 2000), DAILY, FlowTiming.END)
    assert found.returns == pytest.approx([0.05, 0, 1940 / 2100 - 1])
    rate = money_weighted(found)
    assert rate is not None
    assert rate.value == pytest.approx((1940 / 2000) ** (365 / 3) - 1)


def test_the_money_weighted_return_weighs_days_with_their_capital() -> None:
    rate = money_weighted(track_of(Portfolio("A"), DAILY, FlowTiming.END))
    assert rate is not None
    assert rate.value is not None
    worth = sum(a * (1 + rate.value) ** (-d / 365) for a, d in ((-1000, 0), (-500, 2), (1440, 3)))
    assert worth == pytest.approx(0, abs=1e-6)
    assert money_weighted(given((1, 0.1))) is None


@pytest.mark.parametrize("strategy", ["", "S"])
def test_without_capital_there_is_no_return_and_the_day_is_named(strategy: str) -> None:
    broke = daily([0, 100, 120], [0, 100, 120], [0, 0])
    with pytest.raises(NotPossibleNow, match="A has no capital to earn on, 0 before 1970-01-02"):
        track_of(Portfolio("A", strategy), broke, FlowTiming.END)


def test_a_benchmark_is_read_on_the_days_of_its_subject() -> None:
    subject = levels((1, 100), (2, 110), (5, 121), (9, 100))
    benchmark = levels((2, 50), (3, 55), (4, 60), (8, 66))
    found = matched(subject, benchmark)
    assert found.benchmark == pytest.approx([0.2])
    assert found.track.returns == pytest.approx([0.1])
    assert found.unmatched == 2


def test_given_returns_meet_on_common_days() -> None:
    found = matched(given((1, 0.1), (2, 0.2), (4, 0.4)), given((2, 0.5), (3, 0.6), (4, 0.7)))
    assert (found.track.returns.tolist(), found.unmatched) == ([0.2, 0.4], 2)
    assert found.benchmark is not None
    assert found.benchmark.tolist() == [0.5, 0.7]
    assert found.track.days.tolist()[1:] == days(2, 4).tolist()


@pytest.mark.parametrize("benchmark", [levels((50, 1), (51, 2)), given((50, 0.1)), levels()])
def test_a_benchmark_without_a_common_day_is_refused(benchmark: Track) -> None:
    with pytest.raises(InvalidField, match="benchmark has no day in common"):
        matched(levels((1, 100), (2, 110)), benchmark)


def test_a_benchmark_with_a_hole_is_refused_by_its_day() -> None:
    subject = levels((1, 100), (20, 110), (40, 120))
    with pytest.raises(InvalidField, match="benchmark has no level of the last 7 days, 1970-01-21"):
        matched(subject, levels((1, 1), (40, 2)))


def test_rates_that_are_too_old_name_the_field() -> None:
    rates = Dated(days(1), np.array([0.05]))
    track = given((5, 0.01), (30, 0.02))
    with pytest.raises(InvalidField, match=r"conventions\.risk_free_series has no level of the"):
        free_rates(Choices(), track, rates)
    found = free_rates(Choices(max_age_days=30), track, rates)
    assert found == pytest.approx([1.05 ** (1 / 252) - 1] * 2)


def test_several_subjects_share_days_and_spans() -> None:
    first = levels((1, 100), (2, 110), (3, 121), (4, 133.1))
    second = levels((2, 10), (4, 20), (5, 30))
    bare = given((3, 0.5), (4, 0.25), (5, 0.1))
    found = common([first, second, bare], "subjects", ["a", "b", "c"])
    assert [track.returns.tolist() for track in found[1:]] == [[1.0], [0.25]]
    assert found[0].returns == pytest.approx([0.1])
    with pytest.raises(InvalidField, match="subjects have no day in common"):
        common([first, given((9, 0.1))], "subjects", ["a", "b"])


@pytest.mark.parametrize(
    ("values", "sharpe", "total"),
    [
        ([], State.INSUFFICIENT, State.INSUFFICIENT),
        ([0.01], State.INSUFFICIENT, State.MEASURED),
        ([0.01] * 5, State.CONSTANT, State.MEASURED),
    ],
)
def test_too_little_data_is_a_state_of_each_metric(
    values: list[float], sharpe: State, total: State
) -> None:
    track = given(*enumerate(values, start=1))
    found = performance(matched(track, track), Conventions(), None)
    assert found.metrics["sharpe_ratio"].state is sharpe
    assert found.metrics["total_return"].state is total
    assert found.metrics["beta"].state is (sharpe if len(values) != 1 else State.INSUFFICIENT)


def test_a_curve_tells_its_deepest_drawdowns_first() -> None:
    track = given((1, -0.1), (2, 0.2), (3, -0.3), (4, 0.1))
    found = curve(track)
    assert [spell.depth for spell in found.deepest] == pytest.approx([-0.3, -0.1])
    assert found.deepest[0].recovery is None
    assert found.growth[0] == 1


def test_a_part_keeps_the_day_before_it() -> None:
    track = levels((1, 100), (2, 110), (3, 121), (9, 100)).between(3, 8)
    assert (track.days.tolist(), len(track.returns)) == (days(2, 3).tolist(), 1)
    assert len(track.between(90, None).returns) == 0
