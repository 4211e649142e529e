"""Trading days: when one ends, and which one a moment belongs to."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EPOCH = date(1970, 1, 1)
SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
ONE_DAY = timedelta(days=1)


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
