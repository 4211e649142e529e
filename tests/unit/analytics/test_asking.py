"""What a request of analytics is read as, and what is refused by name."""

import math

import pytest

from quarterdeck.api.analytics.v1 import estimate_pb2, performance_pb2
from quarterdeck_server.analytics.domain.subject import Choices, Given
from quarterdeck_server.analytics.mapping.asking import (
    choices_from,
    conventions_to,
    subject_from,
)
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.definitions import Unit
from quarterdeck_server.quant.estimate import State


def series(days: list[int], returns: list[float], **more: int) -> performance_pb2.Subject:
    return performance_pb2.Subject(
        returns=performance_pb2.ReturnSeries(days=days, returns=returns, **more)
    )


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (series([1, 1], [0.1, 0.2]), r"subject.returns.days\[1\] repeats days\[0\]"),
        (series([2, 1], [0.1, 0.2]), r"subject.returns.days\[1\] must be after days\[0\]"),
        (series([1, 2], [0.1, math.nan]), r"subject.returns.returns\[1\] must be a finite"),
        (series([1], [math.inf]), r"subject.returns.returns\[0\] must be a finite"),
        (series([1, 2], [0.1]), r"subject.returns.days must be as many as returns, 1, are 2"),
        (series([5], [0.1], start_day=5), r"subject.returns.start_day must be a day before"),
        (series([-719_162], [0.1]), r"subject.returns.days\[0\] is no day of the calendar"),
        (series([2_932_897], [0.1]), r"subject.returns.days\[0\] is no day of the calendar"),
        (series([1], [0.1], start_day=-(2**31)), r"subject.returns.start_day must be a day before"),
    ],
)
def test_a_malformed_series_is_refused_by_element(
    message: performance_pb2.Subject, problem: str
) -> None:
    with pytest.raises(InvalidField, match=problem):
        subject_from(message, "subject")


def test_the_first_return_began_the_day_before_unless_said() -> None:
    for message, start in ((series([5], [0.1]), 4), (series([5], [0.1], start_day=1), 1)):
        subject = subject_from(message, "subject").subject
        assert isinstance(subject, Given)
        assert int(subject.track.days[0].astype(int)) == start


def test_every_answer_has_its_conventions_filled_in() -> None:
    chosen = choices_from(performance_pb2.Conventions())
    assert chosen == Choices()
    message = conventions_to(chosen)
    assert (message.periods_per_year, message.ddof, message.tail) == (252, 1, 0.05)
    assert message.risk_free_max_age_days == 7
    assert choices_from(message) == chosen


def test_chosen_conventions_survive_both_ways() -> None:
    message = performance_pb2.Conventions(
        periods_per_year=12,
        risk_free_series="series/fred/TB3MS",
        minimum_acceptable=0.02,
        ddof=0,
        tail=0.1,
        annualise_short=True,
        flow_timing=performance_pb2.FLOW_TIMING_START,
        risk_free_max_age_days=35,
    )
    assert conventions_to(choices_from(message)) == message


def test_every_state_and_unit_has_a_word_in_the_contract() -> None:
    for state in State:
        assert estimate_pb2.EstimateState.Value(f"ESTIMATE_STATE_{state.name}")
    for unit in Unit:
        assert estimate_pb2.MetricUnit.Value(f"METRIC_UNIT_{unit.name}")
