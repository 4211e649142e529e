"""What the statistics of windows are put together from.

A window is put together from stretches of 1, 2, 4, 8 … periods, as its length is of powers of two:
n log2(w) additions. Unlike differences of running totals this adds only what lies in the window: a
crash years ago leaves no rounding behind. The deepest drawdown of each window is found likewise.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.quant.series import FloatArray

type Stretch = tuple[FloatArray, ...]
type Places = NDArray[np.intp]

FLAT_SQUARE = 1e-10
"""A variance this small against the mean square is called constant: a deviation of 1e-5 of how far
the window lies from the series' mean. What is above has at least five right digits."""


@dataclass(frozen=True, slots=True)
class Rolling:
    """A statistic of each window, at the window's last period.

    Attributes
    ----------
    values
        Shape (n,); NaN means "no value": the window is not full, or has nothing to divide by.
    window
        The number of periods in a window.
    first_valid_index
        The first place with a value; ``None`` if there is none.
    """

    values: FloatArray
    window: int
    first_valid_index: int | None


def column(values: FloatArray, count: int, width: int) -> Rolling:
    """Return the values of all full windows as a column of ``count`` periods."""
    whole_column = np.full(count, np.nan)
    if count >= width:
        whole_column[width - 1 :] = values
    valid = np.flatnonzero(~np.isnan(whole_column))
    return Rolling(whole_column, width, int(valid[0]) if len(valid) else None)


def centred(array: FloatArray) -> FloatArray:
    """Return what lies around the mean of the whole series."""
    return array - array.mean() if len(array) else array


def mean_and_variance(array: FloatArray, width: int, ddof: int) -> tuple[FloatArray, FloatArray]:
    """Return the mean and the variance (divisor w - ddof) of each full window."""
    shift = float(array.mean()) if len(array) else 0.0
    apart = array - shift
    sums, squares = window_sums(apart, width), window_sums(apart * apart, width)
    variance = without_dust(squares - sums * sums / width, squares) / (width - ddof)
    return sums / width + shift, variance


def without_dust(spread: FloatArray, squares: FloatArray) -> FloatArray:
    """Return sums of squares around the mean, zero where they are rounding."""
    return np.where(spread > FLAT_SQUARE * squares, spread, 0.0)


def divided(above: FloatArray, below: FloatArray) -> FloatArray:
    """Return the quotients; NaN where there is nothing to divide by."""
    found = np.full(len(above), np.nan)
    np.divide(above, below, out=found, where=below != 0)
    return found


def window_sums(array: FloatArray, width: int) -> FloatArray:
    """Return the sum of each full window, shape (n - w + 1,) or empty."""
    return folded((array,), width, lambda left, right: (left[0] + right[0],))[0]


def sums_between(values: FloatArray, first: Places, last: Places) -> FloatArray:
    """Return the sum of each run of values, shape (n,), from a place up to but without another.

    Of stretches, too: rounding of values outside a run is not in its sum, as it would be in a
    difference of running totals.
    """
    left, right = np.minimum(first, last), np.asarray(last)
    total, level = np.zeros(len(right)), values
    while (left < right).any():
        for odd in ((left & 1 == 1) & (left < right)).nonzero():
            total[odd] += level[left[odd]]
        left = left + (left & 1)
        for odd in ((right & 1 == 1) & (left < right)).nonzero():
            total[odd] += level[right[odd] - 1]
        left, right = left >> 1, right >> 1
        level = level[: len(level) // 2 * 2].reshape(-1, 2).sum(axis=1)
    return total


def folded(stretch: Stretch, width: int, join: Callable[[Stretch, Stretch], Stretch]) -> Stretch:
    """Join the elements of each window, left to right; ``join`` is associative."""
    count = max(len(stretch[0]) - width + 1, 0)
    if not count:
        return tuple(part[:0] for part in stretch)
    done: Stretch | None = None
    reached, span = 0, 1
    while True:
        if width & span:
            piece = tuple(part[reached : reached + count] for part in stretch)
            done = piece if done is None else join(done, piece)
            reached += span
        if done is not None and reached == width:
            return done
        before = tuple(part[:-span] for part in stretch)
        stretch = join(before, tuple(part[span:] for part in stretch))
        span *= 2
