"""The clock of a replay: when each bar is due. Pure; nothing here waits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quarterdeck_server.adapters.replay.calendar import DAY_NS, open_of
from quarterdeck_server.marketdata.domain.columns import Bars, Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """All bars on one clock: a step ends wherever a bar of any instrument closes.

    ``rows`` has, for each series, the row that closes with a step, or -1.
    """

    open_ns: Ints
    close_ns: Ints
    duration_s: Floats
    rows: tuple[Ints, ...]

    def first_after(self, event_time_ns: int) -> int:
        """Return the first step with something after an event time."""
        return int(np.searchsorted(self.close_ns, event_time_ns, side="right"))

    def __len__(self) -> int:
        return len(self.close_ns)


def schedule(series: Sequence[Bars], interval_ns: int, seconds_per_day: float) -> Schedule:
    """Give each step its time: the steps of a day share the seconds of a day."""
    close_ns = np.unique(np.concatenate([bars.close_time_ns for bars in series]))
    days, steps = np.unique(close_ns // DAY_NS, return_counts=True)
    share = seconds_per_day / steps[np.searchsorted(days, close_ns // DAY_NS)]
    open_ns = close_ns - (close_ns[0] - open_of(int(close_ns[0]), interval_ns))
    rows = tuple(_rows(bars.close_time_ns, close_ns) for bars in series)
    return Schedule(open_ns, close_ns, share, rows)


def moments(open_ns: int, close_ns: int, count: int) -> tuple[Ints, Floats]:
    """Spread quotes evenly within a step: event times, and fractions of its duration."""
    fraction = np.arange(1, count + 1) / (count + 1)
    length = close_ns - open_ns
    return open_ns + np.arange(1, count + 1) * length // (count + 1), fraction


def quotes_in(duration_s: float, per_second: float) -> int:
    """Return how many quotes a step has: at least one."""
    return max(1, round(duration_s * per_second))


def _rows(own: Ints, all_times: Ints) -> Ints:
    place = np.searchsorted(own, all_times)
    inside = np.minimum(place, len(own) - 1)
    return np.where(own[inside] == all_times, inside, -1)
