"""Statistics of every window of a series, vectorised; see ``windows``."""

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.quant.conventions import TRADING_DAYS
from quarterdeck_server.quant.returns import to_log
from quarterdeck_server.quant.series import FloatArray, finite, finite_number, whole
from quarterdeck_server.quant.windows import (
    Rolling,
    Stretch,
    column,
    divided,
    folded,
    mean_and_variance,
    window_sums,
)


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
    return column(window_sums(array, width) / width, len(array), width)


def rolling_total_return(returns: ArrayLike, window: int) -> Rolling:
    """Return Π (1 + r) - 1 of each window.

    Parameters
    ----------
    returns
        Simple returns above -1, shape (n,); NaN is refused.
    window
        w, at least 1.
    """
    array, width = to_log(returns), whole(window, 1, "window")
    return column(np.expm1(window_sums(array, width)), len(array), width)


def rolling_volatility(
    returns: ArrayLike, window: int, periods_per_year: float = TRADING_DAYS, *, ddof: int = 1
) -> Rolling:
    """Return sd (divisor w - ddof) · √m of each window of at least two periods; 0 if constant."""
    array, width = finite(returns), whole(window, 2, "window")
    _, variance = mean_and_variance(array, width, ddof)
    return column(np.sqrt(variance * periods_per_year), len(array), width)


def rolling_sharpe(
    excess_returns: ArrayLike, window: int, periods_per_year: float = TRADING_DAYS, *, ddof: int = 1
) -> Rolling:
    """Return mean / sd · √m of each window of at least two periods; NaN for a constant window."""
    array, width = finite(excess_returns), whole(window, 2, "window")
    mean, variance = mean_and_variance(array, width, ddof)
    return column(divided(mean * np.sqrt(periods_per_year), np.sqrt(variance)), len(array), width)


def rolling_sortino(
    returns: ArrayLike, window: int, target: float = 0.0, periods_per_year: float = TRADING_DAYS
) -> Rolling:
    """Return (mean - τ) / downside deviation · √m of each window; NaN without a bad return."""
    array, width = finite(returns), whole(window, 2, "window")
    apart = array - target
    below = np.minimum(apart, 0.0)
    mean = window_sums(apart, width) / width
    square = window_sums(below * below, width) / width
    return column(divided(mean * np.sqrt(periods_per_year), np.sqrt(square)), len(array), width)


def rolling_omega(returns: ArrayLike, window: int, target: float = 0.0) -> Rolling:
    """Return Σ max(r - τ, 0) / Σ max(τ - r, 0) of each window; NaN without a loss.

    With a target of zero this is the profit factor.
    """
    array, width = finite(returns), whole(window, 1, "window")
    apart = array - finite_number(target, "target")
    gained = window_sums(np.maximum(apart, 0.0), width)
    lost = window_sums(np.maximum(-apart, 0.0), width)
    return column(divided(gained, lost), len(array), width)


def rolling_hit_rate(returns: ArrayLike, window: int) -> Rolling:
    """Return wins / (wins + losses) of each window; NaN where nothing moved."""
    array, width = finite(returns), whole(window, 1, "window")
    wins = window_sums((array > 0).astype(np.float64), width)
    decided = window_sums((array != 0).astype(np.float64), width)
    return column(divided(wins, decided), len(array), width)


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
        return column(np.empty(0), len(array), width)
    curve = np.concatenate(([0.0], np.cumsum(array)))
    return column(np.expm1(_deepest_falls(curve, width + 1)), len(array), width)


def rolling_calmar(
    returns: ArrayLike,
    window: int,
    periods_per_year: float = TRADING_DAYS,
    *,
    annualise_short: bool = True,
) -> Rolling:
    """Return the annualised return over |max drawdown| of each window; NaN without a drawdown.

    Parameters
    ----------
    returns
        Simple returns above -1, shape (n,); NaN is refused.
    annualise_short
        Whether windows of less than a year have a value, too. GIPS forbids it.
    """
    array, width = to_log(returns), whole(window, 1, "window")
    if not annualise_short and width < periods_per_year:
        return column(np.full(max(len(array) - width + 1, 0), np.nan), len(array), width)
    with np.errstate(over="ignore"):
        yearly = np.expm1(window_sums(array, width) * periods_per_year / width)
    deepest = rolling_max_drawdown(returns, width).values[width - 1 :]
    return column(divided(yearly, -deepest), len(array), width)


def _deepest_falls(curve: FloatArray, width: int) -> FloatArray:
    """Return the deepest fall inside each window of so many points of a curve."""
    return folded((curve, curve, np.zeros(len(curve))), width, _joined_falls)[2]


def _joined_falls(left: Stretch, right: Stretch) -> Stretch:
    """Join the peaks, lows and deepest falls of stretches with those of the stretches after."""
    falls = np.minimum(np.minimum(left[2], right[2]), right[1] - left[0])
    return np.maximum(left[0], right[0]), np.minimum(left[1], right[1]), falls
