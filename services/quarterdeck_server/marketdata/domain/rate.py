"""How fast one may publish: a bucket that fills by itself and is emptied by rows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """Rows a second, and for how long more may come at once."""

    per_s: float
    burst_s: float


class Bucket:
    """Counts what one publisher may still send.

    A request is taken as a whole, however large; the next one waits until it is paid for.
    """

    def __init__(self, rate: Rate, now_s: float) -> None:
        self._rate, self._level, self._time_s = rate, rate.per_s * rate.burst_s, now_s

    def take(self, rows: int, now_s: float) -> float:
        """Take rows and return 0, or return how many seconds to wait and take nothing."""
        self._fill(now_s)
        if self._level <= 0:
            return (1 - self._level) / self._rate.per_s
        self._level -= rows
        return 0.0

    def is_full(self, now_s: float) -> bool:
        """Tell whether nothing is owed: a new bucket would be the same."""
        self._fill(now_s)
        return self._level >= self._rate.per_s * self._rate.burst_s

    def _fill(self, now_s: float) -> None:
        more = max(now_s - self._time_s, 0.0) * self._rate.per_s
        self._level = min(self._level + more, self._rate.per_s * self._rate.burst_s)
        self._time_s = max(now_s, self._time_s)
