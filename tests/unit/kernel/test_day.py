"""Trading days."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from quarterdeck_server.kernel.day import EPOCH, DayRoll
from quarterdeck_server.settings import TradingSettings

NEW_YORK = DayRoll(ZoneInfo("America/New_York"), time(17))
MIDNIGHT = DayRoll(ZoneInfo("UTC"), time())


def ns(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 10**9


def day(*of: int) -> int:
    return (date(*of) - EPOCH).days


def test_with_a_roll_at_midnight_days_are_those_of_the_calendar() -> None:
    assert MIDNIGHT.day_of(ns(2024, 1, 2)) == day(2024, 1, 2)
    assert MIDNIGHT.day_of(ns(2024, 1, 3) - 1) == day(2024, 1, 2)
    assert MIDNIGHT.end_ns(day(2024, 1, 2)) == ns(2024, 1, 3)


def test_after_the_roll_it_is_the_next_day() -> None:
    assert NEW_YORK.day_of(ns(2024, 1, 2, 21, 59, 59)) == day(2024, 1, 2)
    assert NEW_YORK.day_of(ns(2024, 1, 2, 22)) == day(2024, 1, 3)


@pytest.mark.parametrize("of", [(2024, 3, 10), (2024, 11, 3), (2024, 7, 1)])
def test_a_day_ends_where_the_next_begins_also_when_clocks_change(of: tuple[int, ...]) -> None:
    end = NEW_YORK.end_ns(day(*of))
    assert NEW_YORK.day_of(end - 1) == day(*of)
    assert NEW_YORK.day_of(end) == day(*of) + 1


def test_a_zone_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match=r"day_zone\n.*no such time zone: Mars/Base"):
        TradingSettings(day_zone="Mars/Base")


@pytest.mark.parametrize(
    ("zone", "at"), [("America/New_York", time(2, 30)), ("Europe/Berlin", time(2))]
)
def test_days_cannot_end_when_clocks_skip_or_repeat_the_time(zone: str, at: time) -> None:
    with pytest.raises(ValidationError, match=r"day_roll: .* skip or repeat, .* 2015-03-"):
        TradingSettings(day_zone=zone, day_roll=at)
    assert TradingSettings(day_zone=zone, day_roll=time(3, 1)).day_zone == zone
