"""Where a replay goes on."""

from dataclasses import replace

import pytest

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.source import (
    ReplayOptions,
    SourceRecord,
    SourceState,
    resumes,
    start_of,
)

SPAN = (100, 200)
OPTIONS = ReplayOptions()
STOPPED = SourceRecord("sources/replay", "", "", replay=OPTIONS, event_time_ns=150)


def test_the_asked_time_is_played_itself():
    assert start_of(replace(OPTIONS, start_time_ns=120), STOPPED, 110, SPAN) == 119


def test_without_one_it_goes_on_where_the_same_data_stopped():
    assert start_of(replace(OPTIONS, seconds_per_day=1), STOPPED, 110, SPAN) == 150


@pytest.mark.parametrize(
    "last",
    [
        replace(STOPPED, state=SourceState.ENDED),
        replace(STOPPED, replay=ReplayOptions(dataset="other.csv")),
        SourceRecord("sources/replay", "", ""),
    ],
)
def test_after_the_end_or_with_other_data_it_begins_with_the_default(last):
    assert start_of(OPTIONS, last, 110, SPAN) == 109
    assert not resumes(OPTIONS, last)


@pytest.mark.parametrize("default", [50, 250])
def test_a_default_outside_of_the_data_means_their_beginning(default):
    assert start_of(OPTIONS, SourceRecord("s", "", ""), default, SPAN) == 0


@pytest.mark.parametrize("pace", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_a_senseless_pace_is_refused(pace):
    with pytest.raises(InvalidField, match=r"replay\.seconds_per_day"):
        ReplayOptions(seconds_per_day=pace)


def test_progress_is_the_part_of_the_event_time():
    record = replace(STOPPED, first_time_ns=100, end_time_ns=200)
    assert record.progress == 0.5
