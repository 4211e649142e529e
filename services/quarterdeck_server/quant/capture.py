"""How much of a benchmark's rises and falls a series takes part in."""

import math

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.quant.estimate import Estimate, State, over, ratio
from quarterdeck_server.quant.series import FloatArray, against


def up_capture(returns: ArrayLike, benchmark: ArrayLike) -> Estimate:
    """Return the mean growth in periods in which the benchmark rose, over the benchmark's.

    Parameters
    ----------
    returns, benchmark
        Simple returns of the same periods, shape (n,); NaN is refused.

    Returns
    -------
    Estimate
        Counts the rising periods; ``RUINED`` if the return in one of them is -1 or below.

    Notes
    -----
    ((Π (1 + r))^(1/k) - 1) / ((Π (1 + b))^(1/k) - 1) over the k periods with b above zero
    (Morningstar). A period in which the benchmark did not move belongs to neither side.
    """
    return _capture(*against(returns, benchmark), rising=True)


def down_capture(returns: ArrayLike, benchmark: ArrayLike) -> Estimate:
    """Return the same over periods in which the benchmark fell; small is good."""
    return _capture(*against(returns, benchmark), rising=False)


def capture_ratio(returns: ArrayLike, benchmark: ArrayLike) -> Estimate:
    """Return up capture over |down capture|; its count is that of the rising periods."""
    mine, theirs = against(returns, benchmark)
    up, down = (_capture(mine, theirs, rising=rising) for rising in (True, False))
    return over(up, down)


def batting_average(returns: ArrayLike, benchmark: ArrayLike) -> Estimate:
    """Return the share of periods in which the series beat the benchmark; a tie is not a win."""
    mine, theirs = against(returns, benchmark)
    if not len(mine):
        return Estimate.insufficient(0, 1)
    return Estimate.of(np.count_nonzero(mine > theirs) / len(mine), len(mine))


def _capture(mine: FloatArray, theirs: FloatArray, *, rising: bool) -> Estimate:
    chosen = theirs > 0 if rising else theirs < 0
    own, other = mine[chosen], theirs[chosen]
    if not len(own):
        return Estimate.insufficient(0, 1)
    if own.min() <= -1 or other.min() <= -1:
        return Estimate.missing(State.RUINED, len(own))
    return ratio(_mean_growth(own), _mean_growth(other), len(own), State.CONSTANT)


def _mean_growth(array: FloatArray) -> float:
    return math.expm1(float(np.log1p(array).mean()))
