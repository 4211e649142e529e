"""Several subjects side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck_server.analytics.domain.performance import Performance
from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.quant.estimate import Estimate
from quarterdeck_server.quant.relative import correlation


@dataclass(frozen=True, slots=True)
class Comparison:
    """The performances of subjects on the same days, and the correlations of their returns."""

    performances: tuple[Performance, ...]
    correlations: tuple[Estimate, ...]
    """Row by row."""


def correlations(tracks: Sequence[Track]) -> tuple[Estimate, ...]:
    """Return the correlation of each track with each, row by row."""
    size = range(len(tracks))
    # Each pair once, so that the matrix is the same on both sides of its diagonal.
    found = {
        (row, column): correlation(tracks[row].returns, tracks[column].returns)
        for row in size
        for column in size
        if row <= column
    }
    return tuple(found[min(row, column), max(row, column)] for row in size for column in size)
