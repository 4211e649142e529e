"""Numbers that are seen now and then and stand until the next: prices and exchange rates."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.quant.series import FloatArray

type Times = NDArray[np.int64]
"""Nanoseconds since the Unix epoch."""

OLDEST_NS = int(timedelta(days=7).total_seconds()) * 10**9
"""How old a rate or a benchmark's price may be: a week covers the holidays of every exchange."""


@dataclass(frozen=True, slots=True)
class Path:
    """Values and their times, increasing; of two at one time the later counts."""

    times: Times
    values: FloatArray

    @classmethod
    def empty(cls) -> "Path":
        """Return a path on which nothing was seen."""
        return cls(np.empty(0, np.int64), np.empty(0))

    @classmethod
    def merged(cls, *paths: "Path") -> "Path":
        """Return what any of the paths saw, those given later counting at one time."""
        times = np.concatenate([path.times for path in paths])
        values = np.concatenate([path.values for path in paths])
        order = np.argsort(times, kind="stable")
        return cls(times[order], values[order])

    @classmethod
    def of_bars(cls, close_times: Times, closes: FloatArray) -> "Path":
        """Return the path of bars, each seen in the last moment of its time."""
        seen = ~np.isnan(closes)
        return cls(close_times[seen] - 1, closes[seen])

    def reciprocal(self) -> "Path":
        """Return one over the values; what is not above zero is left out."""
        usable = self.values > 0
        return Path(self.times[usable], 1 / self.values[usable])

    def before(self, end_ns: int) -> "Path":
        """Return what was seen before a time."""
        count = int(np.searchsorted(self.times, end_ns))
        return Path(self.times[:count], self.values[:count])

    def read(self, times: Times, oldest_ns: int | None = None) -> FloatArray:
        """Return the newest values seen at times; NaN where none was, or none new enough."""
        places = np.searchsorted(self.times, times, side="right") - 1
        found = np.append(self.values, np.nan)[places]
        if oldest_ns is not None and len(self.times):
            found[times - self.times[places] > oldest_ns] = np.nan
        return found
