"""What a series must be, and how two are brought together."""

from datetime import date

import numpy as np
import pytest

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant import ratios, relative
from quarterdeck_server.quant.alignment import as_of, overlap, risk_free_returns
from quarterdeck_server.quant.estimate import Estimate, State
from quarterdeck_server.quant.series import dated, finite, without_missing


def test_missing_observations_are_dropped_only_by_name_and_counted() -> None:
    present, missing = without_missing([0.1, np.nan, 0.2, np.nan])
    assert (present.tolist(), missing) == ([0.1, 0.2], 2)


def test_series_of_different_days_meet_on_the_days_that_both_have() -> None:
    mine = dated([date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 5)], [1, 2, 3])
    theirs = dated(["2024-01-03", "2024-01-04", "2024-01-05"], [20, 25, 30])
    both = overlap(mine, theirs)
    assert (both.left.tolist(), both.right.tolist()) == ([2, 3], [20, 30])
    assert (both.left_only, both.right_only) == (1, 1)


def test_a_benchmark_that_does_not_overlap_gives_a_state_not_a_number() -> None:
    both = overlap(dated(["2024-01-02"], [0.1]), dated(["2023-01-02"], [0.1]))
    assert relative.beta(both.left, both.right) == Estimate.insufficient(0, 2)


@pytest.mark.parametrize(
    ("dates", "problem"),
    [
        (["2024-01-02", "2024-01-02"], "repeats"),
        (["2024-01-02", "2024-01-01"], "must be after"),
        (["2024-01-02", "NaT"], "must be a date"),
    ],
)
def test_days_out_of_order_are_refused(dates: list[str], problem: str) -> None:
    with pytest.raises(InvalidField, match=problem) as refusal:
        dated(dates, [0.1, 0.2])
    assert refusal.value.field == "dates[1]"


def test_numbers_whose_powers_no_double_holds_are_refused() -> None:
    with pytest.raises(InvalidField) as refusal:
        finite([0.0, -1e61])
    assert refusal.value.field == "returns[1]"


def test_a_value_beyond_a_double_is_a_state() -> None:
    assert ratios.omega_ratio([1e60, -1e-300]).state is State.OVERFLOW
    assert Estimate.of(float("nan"), 3) == Estimate(None, 3, State.OVERFLOW)


def test_a_level_is_the_last_one_known() -> None:
    known = dated(["2024-01-01", "2024-01-03", "2024-01-08"], [1.0, 3.0, 8.0])
    assert as_of(["2024-01-01", "2024-01-05", "2024-01-08"], known).tolist() == [1, 3, 8]


@pytest.mark.parametrize(
    ("days", "field"),
    [(["2023-12-31", "2024-01-02"], "dates[0]"), (["2024-01-02", "2024-01-20"], "dates[1]")],
)
def test_a_day_without_a_level_is_refused(days: list[str], field: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        as_of(days, dated(["2024-01-01"], [1.0]))
    assert refusal.value.field == field


def test_a_yearly_rate_compounds_from_its_days() -> None:
    found = risk_free_returns(["2024-01-02", "2024-01-03"], dated(["2024-01-01"], [0.05]))
    assert (1 + found) ** 252 == pytest.approx([1.05, 1.05])
    with pytest.raises(InvalidField, match="above -1"):
        risk_free_returns(["2024-01-02"], dated(["2024-01-01"], [-5.0]))
