"""Statistics of wins and losses: of closed trades, or of the periods of a return series.

All take results in one unit, money or returns, of shape (n,); NaN is refused. A result of exactly
zero is neither a win nor a loss.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.quant.estimate import Estimate, State, combined, ratio
from quarterdeck_server.quant.moments import PartialMoments, moments, partial_moments_of
from quarterdeck_server.quant.ratios import NEEDED
from quarterdeck_server.quant.series import FloatArray, finite


@dataclass(frozen=True, slots=True)
class Tally:
    """Wins and losses: their numbers and sums; ``lost`` is at least zero."""

    count: int
    wins: int
    losses: int
    won: float
    lost: float


def tally(results: ArrayLike) -> Tally:
    """Count wins and losses."""
    array = finite(results, "results")
    return tally_of(array, partial_moments_of(array, 0.0))


def tally_of(array: FloatArray, around_zero: PartialMoments) -> Tally:
    """Count the wins and losses of a checked array, the sums of which are known."""
    return Tally(
        count=len(array),
        wins=int(np.count_nonzero(array > 0)),
        losses=int(np.count_nonzero(array < 0)),
        won=around_zero.upside,
        lost=around_zero.downside,
    )


def hit_rate(results: ArrayLike) -> Estimate:
    """Return wins / (wins + losses)."""
    return hit_rate_from(tally(results))


def hit_rate_from(found: Tally) -> Estimate:
    """Return the hit rate of a tally; it has as many observations as decided ones."""
    decided = found.wins + found.losses
    return Estimate.of(found.wins / decided, decided) if decided else Estimate.insufficient(0, 1)


def profit_factor(results: ArrayLike) -> Estimate:
    """Return Σ wins / Σ |losses|; ``NO_LOSS`` without a loss, never infinity."""
    return profit_factor_from(tally(results))


def profit_factor_from(found: Tally) -> Estimate:
    """Return the profit factor of a tally."""
    if not found.count:
        return Estimate.insufficient(0, 1)
    return ratio(found.won, found.lost, found.count, State.NO_LOSS)


def payoff_ratio(results: ArrayLike) -> Estimate:
    """Return the average win over the average |loss|."""
    return payoff_ratio_from(tally(results))


def payoff_ratio_from(found: Tally) -> Estimate:
    """Return the payoff ratio of a tally."""
    if not found.wins:
        return Estimate.insufficient(found.wins, 1)
    if not found.losses:
        return Estimate.missing(State.NO_LOSS, found.count)
    return Estimate.of((found.won / found.wins) / (found.lost / found.losses), found.count)


def expectancy(results: ArrayLike) -> Estimate:
    """Return the mean result, zeros included, in the unit of the results."""
    found = tally(results)
    if not found.count:
        return Estimate.insufficient(0, 1)
    return Estimate.of((found.won - found.lost) / found.count, found.count)


def bet_kelly_fraction(results: ArrayLike) -> Estimate:
    """Return W - (1 - W) / R, hit rate W and payoff ratio R: the Kelly fraction of two-way bets.

    Not the Kelly fraction of a continuous return, mean / variance: see ``kelly_leverage``.
    """
    found = tally(results)
    hits, payoff = hit_rate_from(found), payoff_ratio_from(found)
    return combined(lambda share, ratio: share - (1 - share) / ratio, hits, payoff)


def kelly_leverage(excess_returns: ArrayLike) -> Estimate:
    """Return mean / variance (divisor n - 1) of excess returns: the leverage of fastest growth."""
    found = moments(excess_returns)
    if found.count < NEEDED:
        return Estimate.insufficient(found.count, NEEDED)
    return ratio(found.mean, found.deviation() ** 2, found.count, State.CONSTANT)
