"""Returns compounded by calendar month and year."""

from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.domain.track import Places, Track
from quarterdeck_server.quant.series import FloatArray

MONTHS_IN_YEAR = 12


@dataclass(frozen=True, slots=True)
class Month:
    """What was earned in a calendar month, and on how many days; months without any are left out.

    A return counts for the month of its last day.
    """

    year: int
    month: int
    value: float
    count: int


def months_of(track: Track) -> tuple[Month, ...]:
    """Return the months of a track, oldest first."""
    if not len(track.returns):
        return ()
    numbers = track.days[1:].astype("datetime64[M]").astype(np.int64)
    first = np.flatnonzero(np.concatenate(([True], numbers[1:] != numbers[:-1])))
    counts = np.diff(np.append(first, len(numbers)))
    found = zip(
        (numbers[first] // MONTHS_IN_YEAR + 1970).tolist(),
        (numbers[first] % MONTHS_IN_YEAR + 1).tolist(),
        _compounded(track.returns, first).tolist(),
        counts.tolist(),
        strict=True,
    )
    return tuple(Month(*one) for one in found)


def years_of(months: tuple[Month, ...]) -> dict[int, float]:
    """Return what the months of each year amount to."""
    grown: dict[int, float] = {}
    for one in months:
        grown[one.year] = grown.get(one.year, 1.0) * (1 + one.value)
    return {year: value - 1 for year, value in grown.items()}


def _compounded(returns: FloatArray, first: Places) -> FloatArray:
    with np.errstate(over="ignore", invalid="ignore"):
        grown: FloatArray = np.multiply.reduceat(returns + 1, first) - 1
    return grown
