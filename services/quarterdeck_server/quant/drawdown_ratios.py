"""Ratios of growth to drawdowns: Calmar, pain, Martin, Sterling, Burke.

All take simple returns, shape (n,), oldest first, and refuse NaN. Without a drawdown they are
``NO_LOSS``, after a loss of everything ``RUINED``.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.quant.conventions import TRADING_DAYS
from quarterdeck_server.quant.drawdown import (
    average_drawdown,
    depths_of,
    drawdowns_of,
    edges_of,
    max_drawdown,
    pain_index,
    ulcer_index,
)
from quarterdeck_server.quant.estimate import Estimate, over
from quarterdeck_server.quant.returns import annualised_return, growth_of
from quarterdeck_server.quant.series import finite


def calmar_ratio(
    returns: ArrayLike, periods_per_year: float = TRADING_DAYS, months: int | None = None
) -> Estimate:
    """Return the annualised return over |max drawdown|.

    Parameters
    ----------
    returns
        Simple returns, shape (n,); NaN is refused.
    months
        How much of the history counts, newest last: 36 in Young (1991), all of it if ``None``.
    """
    array = finite(returns)
    if months is not None:
        needed = math.ceil(months * periods_per_year / 12)
        if len(array) < needed:
            return Estimate.insufficient(len(array), needed)
        array = array[-needed:]
    return _annual_over(array, periods_per_year, max_drawdown(array))


def pain_ratio(returns: ArrayLike, periods_per_year: float = TRADING_DAYS) -> Estimate:
    """Return the annualised return over the pain index (Becker; Bacon 2008)."""
    return _annual_over(returns, periods_per_year, pain_index(returns))


def martin_ratio(returns: ArrayLike, periods_per_year: float = TRADING_DAYS) -> Estimate:
    """Return the annualised return over the ulcer index (Martin and McCann 1989)."""
    return _annual_over(returns, periods_per_year, ulcer_index(returns))


def sterling_ratio(returns: ArrayLike, periods_per_year: float = TRADING_DAYS) -> Estimate:
    """Return the annualised return over |average drawdown|, without the original's 10 %."""
    return _annual_over(returns, periods_per_year, average_drawdown(returns))


def burke_ratio(returns: ArrayLike, periods_per_year: float = TRADING_DAYS) -> Estimate:
    """Return the annualised return over √Σ depth² of all spells under water (Burke 1994)."""
    array = finite(returns)
    under = drawdowns_of(growth_of(array))
    depths = depths_of(under, edges_of(under))
    risk = Estimate.of(math.sqrt(np.dot(depths, depths)), len(array))
    return _annual_over(array, periods_per_year, risk)


def _annual_over(returns: ArrayLike, periods_per_year: float, risk: Estimate) -> Estimate:
    return over(annualised_return(returns, periods_per_year), risk)
