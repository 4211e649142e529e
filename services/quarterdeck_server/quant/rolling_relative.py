"""Statistics of every window of a series against a benchmark, vectorised; see ``windows``.

Both series have shape (n,), the same periods in the same order, and no NaN.
"""

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.quant.conventions import TRADING_DAYS
from quarterdeck_server.quant.returns import to_log
from quarterdeck_server.quant.rolling import rolling_mean, rolling_sharpe, rolling_volatility
from quarterdeck_server.quant.series import FloatArray, against, whole
from quarterdeck_server.quant.windows import (
    Rolling,
    centred,
    column,
    divided,
    window_sums,
    without_dust,
)


def rolling_beta(returns: ArrayLike, benchmark: ArrayLike, window: int) -> Rolling:
    """Return cov / var of each window of at least two periods; NaN where the benchmark is constant.

    Parameters
    ----------
    returns, benchmark
        Excess returns of the same periods, shape (n,); NaN is refused.
    """
    mine, theirs = against(returns, benchmark)
    width = whole(window, 2, "window")
    left, right = centred(mine), centred(theirs)
    other = window_sums(right, width)
    covariance = window_sums(left * right, width) - window_sums(left, width) * other / width
    squares = window_sums(right * right, width)
    variance = without_dust(squares - other * other / width, squares)
    return column(divided(covariance, variance), len(mine), width)


def rolling_alpha(
    returns: ArrayLike,
    benchmark: ArrayLike,
    window: int,
    periods_per_year: float = TRADING_DAYS,
) -> Rolling:
    """Return (mean(r) - β mean(b)) · m of excess returns of each window, where it has a beta."""
    slope = rolling_beta(returns, benchmark, window)
    mine, theirs = (rolling_mean(each, window).values for each in (returns, benchmark))
    values = (mine - slope.values * theirs) * periods_per_year
    return column(values[window - 1 :], len(values), window)


def rolling_correlation(returns: ArrayLike, benchmark: ArrayLike, window: int) -> Rolling:
    """Return Pearson's correlation of each window; NaN where either series is constant."""
    found = rolling_beta(returns, benchmark, window)
    mine = rolling_volatility(returns, window).values
    theirs = rolling_volatility(benchmark, window).values
    values = divided(found.values * theirs, mine)
    return column(np.clip(values, -1, 1)[window - 1 :], len(mine), window)


def rolling_tracking_error(
    returns: ArrayLike,
    benchmark: ArrayLike,
    window: int,
    periods_per_year: float = TRADING_DAYS,
) -> Rolling:
    """Return sd(r - b) · √m, divisor w - 1, of each window of at least two periods."""
    return rolling_volatility(_active(returns, benchmark), window, periods_per_year)


def rolling_information_ratio(
    returns: ArrayLike,
    benchmark: ArrayLike,
    window: int,
    periods_per_year: float = TRADING_DAYS,
) -> Rolling:
    """Return mean(r - b) / sd(r - b) · √m of each window; NaN where r - b is constant."""
    return rolling_sharpe(_active(returns, benchmark), window, periods_per_year)


def rolling_capture(
    returns: ArrayLike, benchmark: ArrayLike, window: int, *, rising: bool
) -> Rolling:
    """Return the geometric mean over that of the benchmark, where it rose, or fell, in each window.

    Parameters
    ----------
    returns, benchmark
        Simple returns above -1 of the same periods, shape (n,); NaN is refused.
    window
        w, at least 1. Windows without such a period have no value.
    """
    mine, theirs = against(returns, benchmark)
    width = whole(window, 1, "window")
    chosen = theirs > 0 if rising else theirs < 0
    own = to_log(np.where(chosen, mine, 0.0))
    other = to_log(np.where(chosen, theirs, 0.0), "benchmark")
    count = window_sums(chosen.astype(np.float64), width)
    growths = [np.expm1(divided(window_sums(each, width), count)) for each in (own, other)]
    return column(divided(growths[0], growths[1]), len(mine), width)


def _active(returns: ArrayLike, benchmark: ArrayLike) -> FloatArray:
    mine, theirs = against(returns, benchmark)
    return mine - theirs
