"""Counting requests against what a vendor allows within times of several lengths."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quarterdeck_server.kernel.time import NS
from quarterdeck_server.marketdata.domain.source import Quota


@dataclass(frozen=True, slots=True)
class Window:
    """So many requests are allowed within any time of this length."""

    length_s: float
    limit: int

    @property
    def length_ns(self) -> int:
        """The length in nanoseconds."""
        return round(self.length_s * NS)


class Ledger:
    """The times of the last requests. A window slides: no time of its length has too many."""

    def __init__(self, windows: Sequence[Window], used_ns: Iterable[int] = ()) -> None:
        self.windows = tuple(windows)
        most = max(window.limit for window in windows)
        self._used = deque(sorted(used_ns), maxlen=most)
        self._blocked_until_ns = 0

    def take(self, now_ns: int) -> None:
        """Count a request."""
        self._used.append(now_ns)

    def block(self, until_ns: int) -> None:
        """Allow nothing before a time: the vendor said so."""
        self._blocked_until_ns = max(self._blocked_until_ns, until_ns)

    def next_ns(self, now_ns: int) -> int:
        """Return when one more is allowed: now, or later."""
        self._mend(now_ns)
        return max(now_ns, self._blocked_until_ns, *map(self._free_ns, self.windows))

    def quotas(self, now_ns: int) -> tuple[Quota, ...]:
        """Return what is left of each window."""
        self._mend(now_ns)
        return tuple(self._quota(window, now_ns) for window in self.windows)

    def _quota(self, window: Window, now_ns: int) -> Quota:
        used = sum(time_ns > now_ns - window.length_ns for time_ns in self._used)
        left = max(window.limit - used, 0)
        next_ns = max(self._free_ns(window), self._blocked_until_ns)
        if next_ns > now_ns:
            return Quota(window.length_s, window.limit, 0, next_ns)
        return Quota(window.length_s, window.limit, left)

    def _free_ns(self, window: Window) -> int:
        """Return when a window has room again; a time of the past if it has."""
        if len(self._used) < window.limit:
            return 0
        return self._used[-window.limit] + window.length_ns

    def _mend(self, now_ns: int) -> None:
        """Take times of the future as now: a clock that was set back must not stop us for long."""
        if self._used and self._used[-1] > now_ns:
            self._used = deque(
                (min(time_ns, now_ns) for time_ns in self._used), maxlen=self._used.maxlen
            )
