"""Returns from values, values from returns, and what they amount to over a year."""

import math

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.conventions import TRADING_DAYS
from quarterdeck_server.quant.estimate import Estimate, State
from quarterdeck_server.quant.moments import Moments, moments
from quarterdeck_server.quant.series import FloatArray, finite, paired, positive


def simple_returns(values: ArrayLike) -> FloatArray:
    """Return r_t = V_t / V_{t-1} - 1.

    Parameters
    ----------
    values
        Prices or values without external flows, shape (n,), all above zero; NaN is refused.

    Returns
    -------
    FloatArray
        Shape (n - 1,); empty for fewer than two values.
    """
    array = positive(finite(values, "values"), "values")
    return array[1:] / array[:-1] - 1


def log_returns(values: ArrayLike) -> FloatArray:
    """Return ln(V_t / V_{t-1}); they add over time, not over positions.

    Parameters
    ----------
    values
        Prices or values, shape (n,), all above zero; NaN is refused.
    """
    return np.diff(np.log(positive(finite(values, "values"), "values")))


def to_log(returns: ArrayLike, name: str = "returns") -> FloatArray:
    """Return ln(1 + r) of simple returns, which must be above -1."""
    array = finite(returns, name)
    if len(array) and array.min() <= -1:
        index = int(np.argmax(array <= -1))
        raise InvalidField(f"{name}[{index}]", f"must be above -1, was {array[index]}")
    return np.log1p(array)


def to_simple(log_values: ArrayLike) -> FloatArray:
    """Return e^x - 1 of log returns; what overflows is refused."""
    array = finite(log_values, "log_returns")
    with np.errstate(over="ignore"):
        return finite(np.expm1(array), "simple_returns")


def growth(returns: ArrayLike) -> FloatArray:
    """Return what one unit of capital became, beginning with that unit.

    Parameters
    ----------
    returns
        Simple returns, shape (n,); NaN is refused.

    Returns
    -------
    FloatArray
        Shape (n + 1,): 1, then Π (1 + r) up to each period.
    """
    return growth_of(finite(returns))


def growth_of(array: FloatArray) -> FloatArray:
    """Return the growth of a checked array."""
    grown = np.empty(len(array) + 1)
    grown[0] = 1.0
    np.add(array, 1.0, out=grown[1:])
    with np.errstate(over="ignore", invalid="ignore"):
        np.multiply.accumulate(grown, out=grown)
    return grown


def excess(returns: ArrayLike, risk_free: ArrayLike = 0.0) -> FloatArray:
    """Return what was earned above the risk-free rate, period by period.

    Parameters
    ----------
    returns
        Simple returns, shape (n,); NaN is refused.
    risk_free
        The rate a period: one number, or a series of the same length.
    """
    array = finite(returns)
    rate = np.asarray(risk_free, dtype=np.float64)
    series = finite(np.atleast_1d(rate), "risk_free")
    if rate.ndim:
        paired(array, series, ("returns", "risk_free"))
    return array - series


def total_return(returns: ArrayLike) -> Estimate:
    """Return Π (1 + r) - 1 over all periods, as a fraction."""
    array = finite(returns)
    if not len(array):
        return Estimate.insufficient(0, 1)
    return Estimate.of(growth_of(array)[-1] - 1, len(array))


def annualised_return(
    returns: ArrayLike,
    periods_per_year: float = TRADING_DAYS,
    *,
    annualise_short: bool = True,
) -> Estimate:
    """Return the constant yearly rate with the same result: (Π (1 + r))^(m/n) - 1.

    Parameters
    ----------
    returns
        Simple returns, shape (n,); NaN is refused.
    periods_per_year
        m. The time is counted in periods, n / m years, not in calendar days.
    annualise_short
        Whether to do so for less than a year, too. GIPS forbids it.

    Returns
    -------
    Estimate
        ``RUINED`` if a return was -1 or below.
    """
    array = finite(returns)
    ruined = bool(len(array)) and bool(array.min() <= -1)
    final = 0.0 if ruined else float(growth_of(array)[-1])
    return annualised(final, len(array), periods_per_year, annualise_short=annualise_short)


def annualised(
    final: float, count: int, periods_per_year: float, *, annualise_short: bool
) -> Estimate:
    """Return the yearly rate that makes so much of one; zero is ruin, wherever it happened."""
    needed = 1 if annualise_short else math.ceil(periods_per_year)
    if count < needed:
        return Estimate.insufficient(count, needed)
    if final <= 0:
        return Estimate.missing(State.RUINED, count)
    exponent = math.log(final) * periods_per_year / count if math.isfinite(final) else math.inf
    return Estimate.of(_expm1(exponent), count)


def arithmetic_annual_return(
    returns: ArrayLike, periods_per_year: float = TRADING_DAYS
) -> Estimate:
    """Return mean(r) · m, which does not compound."""
    found = moments(returns)
    if not found.count:
        return Estimate.insufficient(0, 1)
    return Estimate.of(found.mean * periods_per_year, found.count)


def volatility(
    returns: ArrayLike, periods_per_year: float = TRADING_DAYS, ddof: int = 1
) -> Estimate:
    """Return the standard deviation a year, sd(r) · √m, divisor n - ddof.

    A constant series has a volatility of zero: that is measured, not missing.
    """
    return volatility_from(moments(returns), periods_per_year, ddof)


def volatility_from(found: Moments, periods_per_year: float, ddof: int = 1) -> Estimate:
    """Return the standard deviation a year from moments."""
    if found.count <= ddof:
        return Estimate.insufficient(found.count, ddof + 1)
    return Estimate.of(found.deviation(ddof) * math.sqrt(periods_per_year), found.count)


def _expm1(exponent: float) -> float:
    try:
        return math.expm1(exponent)
    except OverflowError:
        return math.inf
