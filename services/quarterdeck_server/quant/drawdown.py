"""Drawdowns: how far below its peak the capital stood, for how long, and on average.

A drawdown is at most zero. The peak includes the capital before the first return, so a series that
begins with a loss begins with a drawdown (PerformanceAnalytics, empyrical and Bacon agree).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quarterdeck_server.quant.estimate import Estimate
from quarterdeck_server.quant.returns import growth_of
from quarterdeck_server.quant.series import Dates, FloatArray, finite

type Edges = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True, slots=True)
class Spell:
    """One time under water. Positions are points of the growth curve, 0 before the first return.

    Attributes
    ----------
    peak
        The last point at the peak.
    trough
        The deepest point.
    recovery
        The first point at or above the peak again; ``None`` while it lasts.
    last
        The recovery or, while it lasts, the last observation.
    depth
        The drawdown at the trough, below zero.
    """

    peak: int
    trough: int
    recovery: int | None
    last: int
    depth: float

    @property
    def periods(self) -> int:
        """The number of periods from peak to recovery, or so far."""
        return self.last - self.peak

    def days(self, dates: Dates) -> int:
        """Return the calendar days from peak to recovery, or so far.

        ``dates`` are those of the growth curve, shape (n + 1,): the first is the day before the
        first return. The day of the peak does not count, the day of the recovery does.
        """
        return int((dates[self.last] - dates[self.peak]).astype(np.int64))


def drawdowns(returns: ArrayLike) -> FloatArray:
    """Return the drawdown after each period, V_t / max(1, V_1 … V_t) - 1.

    Parameters
    ----------
    returns
        Simple returns, shape (n,); NaN is refused.

    Returns
    -------
    FloatArray
        Shape (n,), at most zero.
    """
    return drawdowns_of(growth_of(finite(returns)))[1:]


def drawdowns_of(grown: FloatArray) -> FloatArray:
    """Return the drawdown of each point of a growth curve, shape (n + 1,)."""
    with np.errstate(invalid="ignore"):
        under = grown / np.maximum.accumulate(grown)
    under -= 1.0
    return under


def max_drawdown(returns: ArrayLike) -> Estimate:
    """Return the deepest drawdown, at most zero; zero if the capital never fell."""
    under = drawdowns(returns)
    if not len(under):
        return Estimate.insufficient(0, 1)
    return Estimate.of(under.min(), len(under))


def average_drawdown(returns: ArrayLike) -> Estimate:
    """Return the mean of the spells' depths, at most zero; zero if there was no spell."""
    array = finite(returns)
    if not len(array):
        return Estimate.insufficient(0, 1)
    under = drawdowns_of(growth_of(array))
    depths = depths_of(under, edges_of(under))
    return Estimate.of(depths.mean() if len(depths) else 0.0, len(array))


def pain_index(returns: ArrayLike) -> Estimate:
    """Return mean |drawdown| over all n periods (Becker; Bacon 2008)."""
    under = drawdowns(returns)
    if not len(under):
        return Estimate.insufficient(0, 1)
    return Estimate.of(abs(under.mean()), len(under))


def ulcer_index(returns: ArrayLike) -> Estimate:
    """Return √mean(drawdown²) over all n periods (Martin 1987)."""
    under = drawdowns(returns)
    if not len(under):
        return Estimate.insufficient(0, 1)
    return Estimate.of(math.sqrt(np.dot(under, under) / len(under)), len(under))


def spells(returns: ArrayLike) -> tuple[Spell, ...]:
    """Return all times under water, oldest first.

    Parameters
    ----------
    returns
        Simple returns, shape (n,); NaN is refused.
    """
    return spells_of(drawdowns_of(growth_of(finite(returns))))


def spells_of(under: FloatArray) -> tuple[Spell, ...]:
    """Return the spells of the drawdowns of a growth curve, shape (n + 1,), the first zero."""
    first, after = edges_of(under)
    found = zip(first.tolist(), after.tolist(), strict=True)
    return tuple(_spell(under, start, end) for start, end in found)


def edges_of(under: FloatArray) -> Edges:
    """Return where spells begin, and the first point after each, from the same drawdowns."""
    below = np.zeros(len(under) + 1, dtype=np.bool_)
    np.less(under, 0, out=below[:-1])
    # The curve begins at its peak, so the first point is never below.
    turns = np.flatnonzero(below[1:] != below[:-1]) + 1
    return turns[::2], turns[1::2]


def depths_of(under: FloatArray, edges: Edges) -> FloatArray:
    """Return the depths of the spells alone, oldest first."""
    first, after = edges
    if not len(first):
        return np.empty(0)
    between = np.empty(2 * len(first), dtype=np.intp)
    between[::2], between[1::2] = first, after
    # The last spell may reach the end, which is no place to begin another stretch.
    inside = between[:-1] if between[-1] == len(under) else between
    depths: FloatArray = np.minimum.reduceat(under, inside)[::2]
    return depths


def longest_spell(under: FloatArray, edges: Edges, dates: Dates | None = None) -> Spell | None:
    """Return the longest spell, the first of equals.

    Parameters
    ----------
    under
        Drawdowns of a growth curve, shape (n + 1,).
    edges
        Its ``edges_of``.
    dates
        Days of its points, shape (n + 1,); without them a spell is as long as its periods.
    """
    first, after = edges
    if not len(first):
        return None
    lasts = np.minimum(after, len(under) - 1)
    points = lasts if dates is None else dates[lasts].astype(np.int64)
    starts = first - 1 if dates is None else dates[first - 1].astype(np.int64)
    index = int(np.argmax(points - starts))
    return _spell(under, int(first[index]), int(after[index]))


def _spell(under: FloatArray, start: int, end: int) -> Spell:
    recovery = end if end < len(under) else None
    last = len(under) - 1 if recovery is None else recovery
    trough = start + int(under[start:end].argmin())
    return Spell(start - 1, trough, recovery, last, float(under[trough]))
