"""Bring series of different days together: returns on common days, levels and rates as of a day.

A benchmark's **levels** are read on the portfolio's days first (``as_of``), and its returns are of
those: so both cover the same spans when one market has a holiday. ``overlap`` is for what is a
series of returns already.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.conventions import TRADING_DAYS
from quarterdeck_server.quant.series import Dated, Dates, FloatArray, ordered

OLDEST = 7
"""How many days a level may be old: a week covers the holidays of every exchange."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two series on the days that both have, and how many observations only one of them has."""

    dates: Dates
    left: FloatArray
    right: FloatArray
    left_only: int
    right_only: int


def overlap(left: Dated, right: Dated) -> Overlap:
    """Return two series on their common days; without any, the parts are empty.

    Empty parts are not an error here: what is computed of them answers ``INSUFFICIENT``.
    """
    days, mine, theirs = np.intersect1d(
        left.dates, right.dates, assume_unique=True, return_indices=True
    )
    shared = len(days)
    return Overlap(
        dates=days,
        left=left.values[mine],
        right=right.values[theirs],
        left_only=len(left.dates) - shared,
        right_only=len(right.dates) - shared,
    )


def as_of(wanted: ArrayLike, known: Dated, oldest_days: int = OLDEST) -> FloatArray:
    """Return the last known level at or before each day.

    Parameters
    ----------
    wanted
        Days, strictly increasing, shape (n,).
    known
        Levels (prices, rates) and their days.
    oldest_days
        How many calendar days a level may be old. A day without a level that is new enough is
        refused by name: a price that is absent for long is a hole, not a price that did not move.

    Returns
    -------
    FloatArray
        Shape (n,), without gaps.
    """
    days = ordered(wanted)
    index = np.searchsorted(known.dates, days, side="right") - 1
    absent = index < 0
    if absent.any():
        place = int(np.argmax(absent))
        raise InvalidField(f"dates[{place}]", f"has no level at or before it, {days[place]}")
    ages = (days - known.dates[index]).astype(np.int64)
    if (ages > oldest_days).any():
        place = int(np.argmax(ages > oldest_days))
        problem = f"has no level of the last {oldest_days} days, {days[place]}"
        raise InvalidField(f"dates[{place}]", problem)
    return known.values[index]


def risk_free_returns(
    dates: ArrayLike,
    annual_rates: Dated,
    periods_per_year: float = TRADING_DAYS,
    oldest_days: int = OLDEST,
) -> FloatArray:
    """Return the risk-free rate of each period, (1 + y)^(1/m) - 1.

    Parameters
    ----------
    dates
        Days of the returns, strictly increasing, shape (n,).
    annual_rates
        Effective rates a year as fractions, above -1. A series in percent, as most are published,
        must be divided by 100 first.
    oldest_days
        How many days a rate may be old.

    Returns
    -------
    FloatArray
        Shape (n,). The rate known **on** the day of a return is the one it is held against.
    """
    rates = as_of(dates, annual_rates, oldest_days)
    if len(rates) and rates.min() <= -1:
        place = int(np.argmax(rates <= -1))
        raise InvalidField(f"annual_rates[{place}]", f"must be above -1, was {rates[place]}")
    grown: FloatArray = np.expm1(np.log1p(rates) / periods_per_year)
    return grown
