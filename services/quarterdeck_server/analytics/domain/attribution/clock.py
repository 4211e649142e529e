"""The clock of trading days: on which day, weekday and hour a moment is."""

from dataclasses import dataclass
from datetime import UTC, datetime, time

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.analytics.domain.attribution.path import Times
from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.quant.attribution import grouping

STEP_NS = 15 * 60 * 10**9
"""Zones differ by multiples of it, and change at multiples of it."""
DAY_S = 86_400
SECOND_NS = 10**9
LAST_DAY = 106_750
"""The last whole day of which nanoseconds since 1970 can tell, in the year 2262."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Reads many moments at once, as ``DayRoll`` reads one."""

    roll: DayRoll

    def days(self, times: Times) -> NDArray[np.int64]:
        """Return the trading days of moments, in days since 1970-01-01."""
        local = times // SECOND_NS + self._offsets_s(times)
        at = self.roll.at
        if at == time():
            return local // DAY_S
        ahead = DAY_S - (at.hour * 3_600 + at.minute * 60)
        return (local + ahead) // DAY_S

    def weekdays(self, times: Times) -> NDArray[np.int64]:
        """Return the weekdays of the trading days of moments, Monday 0 to Sunday 6."""
        return (self.days(times) + grouping.EPOCH_WEEKDAY) % grouping.DAYS_A_WEEK

    def hours(self, times: Times) -> NDArray[np.int64]:
        """Return the hours of moments on the clock of the zone, 0 to 23."""
        return grouping.hours(times, self._offsets_s(times))

    def span(self, times: Times) -> tuple[int, int] | None:
        """Return the first and the last trading day of moments."""
        if not len(times):
            return None
        first, last = self.days(np.array([times.min(), times.max()])).tolist()
        return first, last

    def window(self, first: int | None, last: int | None, latest_ns: int) -> tuple[int, int]:
        """Return the half-open time of trading days, both ends inclusive; ``None`` is open."""
        start_ns = 0 if first is None else self._end_ns(first - 1)
        end_ns = latest_ns if last is None else min(latest_ns, self._end_ns(last))
        return start_ns, max(end_ns, start_ns + 1)

    def ends(self, days: NDArray[np.int64]) -> Times:
        """Return the first moments after days."""
        return np.array([self._end_ns(int(day)) for day in days], np.int64)

    def _end_ns(self, day: int) -> int:
        """Return the first moment after a day, within what nanoseconds can tell."""
        return max(0, self.roll.end_ns(min(max(day, -1), LAST_DAY)))

    def _offsets_s(self, times: Times) -> NDArray[np.int64]:
        steps, places = np.unique(times // STEP_NS, return_inverse=True)
        return np.array([self._offset_s(int(step)) for step in steps], np.int64)[places]

    def _offset_s(self, step: int) -> int:
        moment = datetime.fromtimestamp(step * STEP_NS // SECOND_NS, UTC)
        offset = self.roll.zone.utcoffset(moment.astimezone(self.roll.zone))
        return 0 if offset is None else int(offset.total_seconds())
