"""Returns of capital that comes and goes: time-weighted, money-weighted, Modified Dietz."""

from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.estimate import Estimate, State
from quarterdeck_server.quant.returns import growth_of
from quarterdeck_server.quant.series import FloatArray, finite, finite_number, paired

DAYS_A_YEAR = 365
"""Act/365 fixed, as XIRR counts."""
NEEDED = 2
"""The least number of flows that have a rate: in and out."""
LOG_RATES = np.linspace(np.log(1e-6), np.log1p(1e6), 801)
"""Where roots are looked for: yearly rates from -0.999999 to 1,000,000 by ln(1 + r)."""


class FlowTiming(Enum):
    """Whether cash that came on a day took part in the day's result."""

    START = "start"
    """It did: r = V_t / (V_{t-1} + F_t) - 1."""
    END = "end"
    """It did not: r = (V_t - F_t) / V_{t-1} - 1."""


def sub_period_returns(
    values: ArrayLike, flows: ArrayLike, timing: FlowTiming = FlowTiming.END
) -> FloatArray:
    """Return what each period earned, external flows taken out.

    Parameters
    ----------
    values
        Values of the capital at the end of each period, flows included, shape (n + 1,); the first
        is where the first period begins. NaN is refused.
    flows
        Net cash in (above zero) or out in each period, shape (n,), in the unit of ``values``.
    timing
        When in the period the flows count.

    Returns
    -------
    FloatArray
        Simple returns, shape (n,). A period without capital and without gain earned zero; a gain on
        no capital, or on less than none, is refused.

    Notes
    -----
    GIPS; Bacon (2008), chapter 2.
    """
    worth, cash = finite(values, "values"), finite(flows, "flows")
    if len(worth) != len(cash) + 1:
        raise InvalidField("flows", f"must be one fewer than values, {len(worth)}, are {len(cash)}")
    starts, ends = worth[:-1], worth[1:]
    if timing is FlowTiming.START:
        starts = starts + cash
    else:
        ends = ends - cash
    return _earned(starts, ends)


def time_weighted_return(
    values: ArrayLike, flows: ArrayLike, timing: FlowTiming = FlowTiming.END
) -> Estimate:
    """Return Π (1 + r_t) - 1 over the sub-periods: the manager's result, whatever came and went.

    Parameters are those of ``sub_period_returns``. Not annualised.
    """
    earned = sub_period_returns(values, flows, timing)
    if not len(earned):
        return Estimate.insufficient(0, 1)
    return Estimate.of(growth_of(earned)[-1] - 1, len(earned))


def modified_dietz_return(
    start_value: float, end_value: float, flows: ArrayLike, shares: ArrayLike
) -> Estimate:
    """Return (V1 - V0 - ΣF) / (V0 + Σ w F): one period without valuations at the flows.

    Parameters
    ----------
    start_value, end_value
        V0 and V1; V1 includes the flows.
    flows
        Net cash in, shape (k,); NaN is refused.
    shares
        w, the share of the period for which each flow was there, from 0 to 1, shape (k,).

    Returns
    -------
    Estimate
        Not annualised; ``count`` is the number of flows. ``RUINED`` if the average capital is not
        above zero.
    """
    cash, weights = finite(flows, "flows"), finite(shares, "shares")
    paired(cash, weights, ("flows", "shares"))
    if len(weights) and not (weights.min() >= 0 and weights.max() <= 1):
        index = int(np.argmax((weights < 0) | (weights > 1)))
        raise InvalidField(f"shares[{index}]", f"must be from 0 to 1, was {weights[index]}")
    first = finite_number(start_value, "start_value")
    capital = first + float(np.dot(cash, weights))
    if capital <= 0:
        return Estimate.missing(State.RUINED, len(cash))
    gain = finite_number(end_value, "end_value") - first - float(cash.sum())
    return Estimate.of(gain / capital, len(cash))


def money_weighted_return(amounts: ArrayLike, days: ArrayLike) -> Estimate:
    """Return the yearly rate r at which Σ a_i (1 + r)^(-d_i / 365) = 0, as XIRR does.

    Parameters
    ----------
    amounts
        Cash from the investor's side, shape (n,): paid in below zero, taken out and the final value
        above zero. NaN is refused.
    days
        Days since any origin, shape (n,), never decreasing.

    Returns
    -------
    Estimate
        ``NO_SOLUTION`` if nothing was paid in or nothing came back, ``AMBIGUOUS`` if several rates
        between -0.999999 and 1,000,000 satisfy the equation: then none of them means anything.
        Two rates closer together than 3.5 % of (1 + r) may be missed.
    """
    cash, time = finite(amounts, "amounts"), finite(days, "days")
    paired(cash, time, ("amounts", "days"))
    if len(cash) < NEEDED:
        return Estimate.insufficient(len(cash), NEEDED)
    if (np.diff(time) < 0).any():
        index = int(np.argmax(np.diff(time) < 0)) + 1
        raise InvalidField(f"days[{index}]", f"must not be before days[{index - 1}]")
    return _root(cash, (time - time[0]) / DAYS_A_YEAR)


def _earned(starts: FloatArray, ends: FloatArray) -> FloatArray:
    idle = (starts == 0) & (ends == 0)
    wrong = (starts <= 0) & ~idle
    if wrong.any():
        index = int(np.argmax(wrong))
        problem = f"has no capital to earn on, {starts[index]}, and ends at {ends[index]}"
        raise InvalidField(f"values[{index}]", problem)
    return np.where(idle, 0.0, ends / np.where(idle, 1.0, starts) - 1)


def _root(cash: FloatArray, years: FloatArray) -> Estimate:
    signs = np.sign(_present_values(cash, years, LOG_RATES))
    if not signs.all():  # a rate of the grid is a root, for example zero: step off the grid
        signs = np.sign(_present_values(cash, years, LOG_RATES + 1e-5))
        return _between(cash, years, (LOG_RATES + 1e-5, signs))
    return _between(cash, years, (LOG_RATES, signs))


def _between(cash: FloatArray, years: FloatArray, grid: tuple[FloatArray, FloatArray]) -> Estimate:
    rates, signs = grid
    changes = np.flatnonzero(signs[:-1] != signs[1:])
    if not signs.all() or len(changes) > 1:
        return Estimate.missing(State.AMBIGUOUS, len(cash))
    if not len(changes):
        return Estimate.missing(State.NO_SOLUTION, len(cash))
    place = int(changes[0])
    bracket = (float(rates[place]), float(rates[place + 1]))
    return Estimate.of(np.expm1(_bisected(cash, years, bracket)), len(cash))


def _bisected(cash: FloatArray, years: FloatArray, bracket: tuple[float, float]) -> float:
    """Return the root between two rates of which one is too low and one too high."""
    low, high = bracket
    sign = np.sign(_present_values(cash, years, np.array([low])))[0]
    while low < (middle := (low + high) / 2) < high:
        if np.sign(_present_values(cash, years, np.array([middle])))[0] == sign:
            low = middle
        else:
            high = middle
    return high


def _present_values(cash: FloatArray, years: FloatArray, log_rates: FloatArray) -> FloatArray:
    # Divided by the largest factor, which keeps the sign and cannot overflow.
    exponents = -np.outer(log_rates, years)
    exponents -= exponents.max(axis=1, keepdims=True)
    return np.exp(exponents) @ cash
