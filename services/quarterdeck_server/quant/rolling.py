"""Statistics of every window of a series, vectorised.

A window is put together from stretches of 1, 2, 4, 8 … periods, as its length is of powers of two:
n log2(w) additions. Unlike differences of running totals this adds only what lies in the window: a
crash years ago leaves no rounding behind. The deepest drawdown of each window is found likewise.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.quant.conventions import TRADING_DAYS
from quarterdeck_server.quant.returns import to_log
from quarterdeck_server.quant.series import FloatArray, finite, paired, whole

type Stretch = tuple[FloatArray, ...]

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


def rolling_mean(returns: ArrayLike, window: int) -> Rolling:
    """Return the mean of each window.

    Parameters
    ----------
    returns
        Shape (n,); NaN is refused.
    window
        w, at least 1.
    """
    array, width = finite(returns), whole(window, 1, "window")
    return _rolling(_window_sums(array, width) / width, len(array), width)


def rolling_volatility(
    returns: ArrayLike, window: int, periods_per_year: float = TRADING_DAYS
) -> Rolling:
    """Return sd (divisor w - 1) · √m of each window of at least two periods; zero if constant."""
    array, width = finite(returns), whole(window, 2, "window")
    _, variance = _mean_and_variance(array, width)
    return _rolling(np.sqrt(variance * periods_per_year), len(array), width)


def rolling_sharpe(
    excess_returns: ArrayLike, window: int, periods_per_year: float = TRADING_DAYS
) -> Rolling:
    """Return mean / sd · √m of each window of at least two periods; NaN for a constant window."""
    array, width = finite(excess_returns), whole(window, 2, "window")
    mean, variance = _mean_and_variance(array, width)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = mean * np.sqrt(periods_per_year / variance)
    values[variance == 0] = np.nan
    return _rolling(values, len(array), width)


def rolling_sortino(
    returns: ArrayLike, window: int, target: float = 0.0, periods_per_year: float = TRADING_DAYS
) -> Rolling:
    """Return (mean - τ) / downside deviation · √m of each window; NaN without a bad return."""
    array, width = finite(returns), whole(window, 2, "window")
    apart = array - target
    below = np.minimum(apart, 0.0)
    mean = _window_sums(apart, width) / width
    square = _window_sums(below * below, width) / width
    with np.errstate(divide="ignore", invalid="ignore"):
        values = mean * np.sqrt(periods_per_year / square)
    values[square == 0] = np.nan
    return _rolling(values, len(array), width)


def rolling_beta(returns: ArrayLike, benchmark: ArrayLike, window: int) -> Rolling:
    """Return cov / var of each window of at least two periods; NaN where the benchmark is constant.

    Parameters
    ----------
    returns, benchmark
        Excess returns of the same periods, shape (n,); NaN is refused.
    """
    mine, theirs = finite(returns), finite(benchmark, "benchmark")
    paired(mine, theirs, ("returns", "benchmark"))
    width = whole(window, 2, "window")
    left, right = _centred(mine), _centred(theirs)
    other = _window_sums(right, width)
    covariance = _window_sums(left * right, width) - _window_sums(left, width) * other / width
    squares = _window_sums(right * right, width)
    variance = _without_dust(squares - other * other / width, squares)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = covariance / variance
    values[variance == 0] = np.nan
    return _rolling(values, len(mine), width)


def rolling_max_drawdown(returns: ArrayLike, window: int) -> Rolling:
    """Return the deepest drawdown within each window, at most zero, from its own beginning on.

    Parameters
    ----------
    returns
        Simple returns above -1, shape (n,); NaN is refused.
    window
        w, at least 1.
    """
    array, width = to_log(returns), whole(window, 1, "window")
    if len(array) < width:
        return _rolling(np.empty(0), len(array), width)
    curve = np.concatenate(([0.0], np.cumsum(array)))
    return _rolling(np.expm1(_deepest_falls(curve, width + 1)), len(array), width)


def rolling_correlation(returns: ArrayLike, benchmark: ArrayLike, window: int) -> Rolling:
    """Return Pearson's correlation of each window; NaN where either series is constant."""
    found = rolling_beta(returns, benchmark, window)
    mine = rolling_volatility(returns, window).values
    theirs = rolling_volatility(benchmark, window).values
    with np.errstate(divide="ignore", invalid="ignore"):
        values = found.values * theirs / mine
    values[mine == 0] = np.nan
    return _rolling(np.clip(values, -1, 1)[window - 1 :], len(mine), window)


def _rolling(values: FloatArray, count: int, width: int) -> Rolling:
    whole_column = np.full(count, np.nan)
    if count >= width:
        whole_column[width - 1 :] = values
    valid = np.flatnonzero(~np.isnan(whole_column))
    return Rolling(whole_column, width, int(valid[0]) if len(valid) else None)


def _centred(array: FloatArray) -> FloatArray:
    return array - array.mean() if len(array) else array


def _mean_and_variance(array: FloatArray, width: int) -> tuple[FloatArray, FloatArray]:
    shift = float(array.mean()) if len(array) else 0.0
    apart = array - shift
    sums, squares = _window_sums(apart, width), _window_sums(apart * apart, width)
    variance = _without_dust(squares - sums * sums / width, squares) / (width - 1)
    return sums / width + shift, variance


def _without_dust(spread: FloatArray, squares: FloatArray) -> FloatArray:
    return np.where(spread > FLAT_SQUARE * squares, spread, 0.0)


def _window_sums(array: FloatArray, width: int) -> FloatArray:
    """Return the sum of each full window, shape (n - w + 1,) or empty."""
    return _folded((array,), width, lambda left, right: (left[0] + right[0],))[0]


def _deepest_falls(curve: FloatArray, width: int) -> FloatArray:
    """Return the deepest fall inside each window of so many points of a curve."""
    return _folded((curve, curve, np.zeros(len(curve))), width, _joined_falls)[2]


def _joined_falls(left: Stretch, right: Stretch) -> Stretch:
    """Join the peaks, lows and deepest falls of stretches with those of the stretches after."""
    falls = np.minimum(np.minimum(left[2], right[2]), right[1] - left[0])
    return np.maximum(left[0], right[0]), np.minimum(left[1], right[1]), falls


def _folded(stretch: Stretch, width: int, join: Callable[[Stretch, Stretch], Stretch]) -> Stretch:
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
