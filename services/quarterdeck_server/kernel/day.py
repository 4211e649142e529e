"""Trading days: when one ends, and which one a moment belongs to."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EPOCH = date(1970, 1, 1)
SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
ONE_DAY = timedelta(days=1)
STEADY_YEARS = range(2015, 2045)


@dataclass(frozen=True, slots=True)
class DayRoll:
    """The time of the day, in a zone, at which one trading day ends and the next begins.

    A day is named after the date on which its last moment lies: with a roll at midnight it is the
    calendar day, with one at 17:00 Monday's day begins on Sunday at 17:00.
    """

    zone: ZoneInfo
    at: time

    def day_of(self, time_ns: int) -> int:
        """Return the day of a moment, in days since 1970-01-01."""
        local = datetime.fromtimestamp(time_ns // SECOND_NS, UTC).astimezone(self.zone)
        rolled = self.at != time() and local.time() >= self.at
        return (local.date() - EPOCH).days + rolled

    def end_ns(self, day: int) -> int:
        """Return the first moment after a day."""
        on = EPOCH + timedelta(days=day)
        if self.at == time():
            on += ONE_DAY
        moment = datetime.combine(on, self.at, self.zone)
        return int(moment.timestamp()) * SECOND_NS

    def unsteady_on(self) -> date | None:
        """Return a date on which clocks skip or repeat the time at which days end, if there is one.

        Days would overlap then, or have a hole between them. At midnight they do neither: a day
        that begins late or twice is the calendar's.
        """
        if self.at == time():
            return None
        first, last = date(STEADY_YEARS.start, 1, 1), date(STEADY_YEARS.stop, 1, 1)
        for day in range((last - first).days):
            moment = datetime.combine(first + timedelta(days=day), self.at, self.zone)
            if moment.utcoffset() != moment.replace(fold=1).utcoffset():
                return moment.date()
        return None
