"""Trading calendars: which are known, and what they say."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from tests.unit.marketdata.batches import instrument

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.time import ns_from_datetime
from quarterdeck_server.marketdata import calendars as module
from quarterdeck_server.marketdata.calendars import Calendars, CalendarsUnavailable
from quarterdeck_server.marketdata.domain.calendar import EXCHANGES


class Clock:
    """A clock that stands at a moment."""

    def __init__(self, *moment: int) -> None:
        self.moment = ns(*moment)

    def now_ns(self) -> int:
        return self.moment

    def monotonic(self) -> float:
        return self.moment / 1e9


def ns(*moment):
    return ns_from_datetime(datetime(*moment, tzinfo=UTC))


def test_the_codes_are_those_of_the_library():
    program = "import exchange_calendars as e; print(*e.get_calendar_names())"
    names = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert set(names) == EXCHANGES | {"24/7", "24/5"}


def test_an_unknown_calendar_is_refused_by_name():
    with pytest.raises(InvalidField) as caught:
        instrument(trading_calendar="XNOPE")
    assert caught.value.field == "instrument.trading_calendar"
    assert instrument(trading_calendar="XNYS").trading_calendar == "XNYS"


async def test_schedules_know_holidays_breaks_and_weekends():
    """Thanksgiving is closed and the day after ends early; Hong Kong rests at noon."""
    calendars = Calendars(Clock(2026, 11, 20))
    await calendars.prepare(["XNYS", "XHKG", "XBOM", "24/7", "24/5"])
    york = calendars.schedule("XNYS")
    thanksgiving = york.at(ns(2026, 11, 26, 15))
    assert (thanksgiving.is_open, thanksgiving.until_ns) == (False, ns(2026, 11, 27, 14, 30))
    assert york.at(ns(2026, 11, 27, 14, 30)).until_ns == ns(2026, 11, 27, 18)
    noon = calendars.schedule("XHKG").at(ns(2026, 11, 23, 4, 30))
    assert (noon.is_open, noon.until_ns) == (False, ns(2026, 11, 23, 5))
    saturday = calendars.schedule("24/5").at(ns(2026, 11, 21))
    assert (saturday.is_open, saturday.until_ns) == (False, ns(2026, 11, 23))
    always = calendars.schedule("24/7").at(ns(2026, 11, 21))
    assert (always.is_open, always.since_ns, always.until_ns) == (True, None, None)
    # The library has the holidays of Bombay for this year only: then nobody knows.
    assert calendars.schedule("XBOM").at(ns(2026, 11, 23, 5)).is_open
    calendars.clock.moment = ns(2027, 1, 2)
    assert calendars.schedule("XBOM") is None
    assert calendars.schedule("XNYS") is not None


async def test_calendars_that_cannot_be_read_are_not_asked_for_again_and_again(monkeypatch):
    calendars = Calendars(Clock(2026, 11, 20))
    monkeypatch.setattr(module, "PROGRAM", "quarterdeck_server.no_such_program")
    with pytest.raises(CalendarsUnavailable, match="No module named"):
        await calendars.prepare(["XNYS"])
    await calendars.prepare(["XNYS"])
    calendars.clock.moment += 16 * 10**9
    with pytest.raises(CalendarsUnavailable):
        await calendars.prepare(["XNYS"])
