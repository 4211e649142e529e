"""A position along the prices that were seen: what it made from each to the next."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.analytics.domain.attribution.changes import ChangeKind, Changes, Position
from quarterdeck_server.analytics.domain.attribution.path import Path, Times
from quarterdeck_server.quant.series import FloatArray


@dataclass(frozen=True, slots=True)
class Trail:
    """A position after each thing that happened or was seen, in the order of time.

    Quantities and worths are in units of before the first split, so that neither jumps at one. The
    first element is what the window began with; profit i was made from element i to i + 1.

    Attributes
    ----------
    times
        Shape (n + 1,); the first is the window's start.
    quantities, worths
        Shape (n + 1,): what was held, and what one unit counted for. NaN before any price.
    is_priced
        Whether history had a price while it was held.
    """

    position: Position
    times: Times
    quantities: FloatArray
    worths: FloatArray
    is_priced: bool

    @property
    def profits(self) -> FloatArray:
        """What the position made from each element to the next, shape (n,)."""
        held = self.quantities[:-1]
        return held * np.where(held != 0, np.diff(self.worths), 0.0)

    @property
    def sides(self) -> NDArray[np.int64]:
        """Whether each profit was made long (1), short (-1) or by nothing (0), shape (n,)."""
        return np.sign(self.quantities[:-1]).astype(np.int64)

    def exposures(self, times: Times) -> FloatArray:
        """Return the signed market values of what was held just before times."""
        places = np.maximum(np.searchsorted(self.times, times) - 1, 0)
        held = self.quantities[places]
        worths = np.where(held != 0, self.worths[places], 0.0)
        return held * self.position.exposure(worths)


def trail(changes: Changes, seen: Path, start_ns: int) -> Trail:
    """Lead a position along the prices that were seen, and along its own fills, which are prices.

    ``seen`` may begin before the window: the newest price until its start is what it starts at,
    unless the last fill is newer. At one time a price that was seen comes after the fills.
    """
    own = changes.kinds != ChangeKind.CARRIED
    first = int(np.searchsorted(seen.times, start_ns))
    blank = np.full(len(seen.times) - first, np.nan)
    times = np.concatenate((changes.times[own], seen.times[first:]))
    order = np.argsort(times, kind="stable")
    told = np.append(changes.quantities[own], blank)[order]
    quantities = _forward(np.append(_carried(changes), told))
    is_split = np.append(changes.kinds[own] == ChangeKind.SPLIT, blank == 0)[order]
    scales = _scales(quantities, is_split)
    prices = np.append(changes.prices[own], seen.values[first:])[order]
    worths = changes.position.unit_worth(np.append(_start_price(changes, seen, first), prices))
    return Trail(
        position=changes.position,
        times=np.append(start_ns, times[order]),
        quantities=quantities * scales,
        worths=_forward(worths / scales),
        is_priced=len(seen.times) > 0 or not quantities.any(),
    )


def _carried(changes: Changes) -> float:
    is_carried = len(changes) > 0 and changes.kinds[0] == ChangeKind.CARRIED
    return float(changes.quantities[0]) if is_carried else 0.0


def _start_price(changes: Changes, seen: Path, first: int) -> float:
    """Return the newest price at the start: one that was seen, or the last fill's.

    One that was seen before a split since the last fill is worth what it was after it.
    """
    last = float(seen.values[first - 1]) if first else np.nan
    held = _carried(changes)
    if not held or (first and seen.times[first - 1] >= changes.times[0]):
        return last
    split_by = float(changes.changes[0])
    return last * (held - split_by) / held if first and split_by else float(changes.prices[0])


def _scales(quantities: FloatArray, is_split: NDArray[np.bool_]) -> FloatArray:
    """Return what one present unit is of those before the first split, shape (n + 1,)."""
    before, after = quantities[:-1], quantities[1:]
    counts = is_split & (after != 0)
    ratios = np.where(counts, before, 1.0) / np.where(counts, after, 1.0)
    return np.append(1.0, np.cumprod(ratios))


def _forward(values: FloatArray) -> FloatArray:
    """Let each number stand until the next."""
    places = np.where(np.isnan(values), 0, np.arange(len(values)))
    return values[np.maximum.accumulate(places)]
