"""How bars of an interval can be made of what history has.

All bars are aligned to the Unix epoch in UTC: a bar of length n closes at a multiple of n, so days
are days of UTC. Recorded bars stay as they were recorded. A bar is half-open: what happens at the
very moment of its close belongs to the next one; a smaller bar belongs to the one it closes in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quarterdeck_server.kernel.time import NS, parse_interval
from quarterdeck_server.marketdata.domain.rollup import LENGTHS_S, BarOrigin


@dataclass(frozen=True, slots=True)
class Making:
    """From what bars are made: pieces of a length in seconds, 0 for single ticks.

    ``interval`` names the pieces if they are recorded bars.
    """

    origin: BarOrigin
    piece_s: int
    interval: str = ""

    @property
    def is_of_ticks(self) -> bool:
        """Whether single ticks are read, since no rollup is fine enough."""
        return self.piece_s == 0


@dataclass(frozen=True, slots=True)
class Span:
    """Which bars are wanted: closes from the first to the last, both included, in nanoseconds."""

    length_ns: int
    first_close_ns: int
    last_close_ns: int

    @classmethod
    def of(cls, length_ns: int, start_ns: int, end_ns: int) -> "Span":
        """Return the closes within the half-open range."""
        first = -(-max(start_ns, 1) // length_ns) * length_ns
        return cls(length_ns, first, (end_ns - 1) // length_ns * length_ns)

    @property
    def is_empty(self) -> bool:
        """Whether no bar can close in it."""
        return self.first_close_ns > self.last_close_ns

    @property
    def start_ns(self) -> int:
        """When the first of the bars begins."""
        return self.first_close_ns - self.length_ns

    def until(self, time_ns: int) -> "Span":
        """Return the bars that closed at the time or before."""
        last = min(self.last_close_ns, time_ns // self.length_ns * self.length_ns)
        return Span(self.length_ns, self.first_close_ns, last)

    def beyond(self, close_ns: int, *, newest_first: bool) -> "Span":
        """Return what is left after the bar at which a page ended."""
        if newest_first:
            return Span(self.length_ns, self.first_close_ns, close_ns - self.length_ns)
        return Span(self.length_ns, close_ns + self.length_ns, self.last_close_ns)


def makings(length_s: int, recorded: Sequence[str], wanted: BarOrigin | None) -> Iterator[Making]:
    """Return how bars of a length can be made, best first; ``recorded`` are intervals of bars."""
    for making in _all(length_s, recorded):
        if wanted in {None, making.origin}:
            yield making


def _all(length_s: int, recorded: Sequence[str]) -> Iterator[Making]:
    lengths = {interval: parse_interval(interval) // NS for interval in recorded}
    for interval, seconds in lengths.items():
        if seconds == length_s:
            yield Making(BarOrigin.RECORDED, seconds, interval)
    for interval, seconds in sorted(lengths.items(), key=lambda each: -each[1]):
        if seconds < length_s and length_s % seconds == 0:
            yield Making(BarOrigin.SMALLER_BARS, seconds, interval)
    piece_s = max((each for each in LENGTHS_S if length_s % each == 0), default=0)
    yield Making(BarOrigin.TRADES, piece_s)
    yield Making(BarOrigin.QUOTES, piece_s)
