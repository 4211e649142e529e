"""Effective and realised spreads, and what the market did after each fill (markouts)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.estimate import Estimate
from quarterdeck_server.quant.execution.benchmark import Times, checked_times, last_prices
from quarterdeck_server.quant.execution.shortfall import checked_fills
from quarterdeck_server.quant.series import FloatArray, finite, paired, positive

SECOND_NS = 1_000_000_000
HORIZONS_NS = (SECOND_NS, 10 * SECOND_NS, 60 * SECOND_NS, 300 * SECOND_NS)
"""The usual horizons of markouts: 1 s, 10 s, 1 min, 5 min."""


@dataclass(frozen=True, slots=True)
class Mids:
    """The market's middle prices around the fills.

    ``times_ns`` never decrease, ``prices`` are above zero, shape (n,) both; ``until_ns`` is up to
    when they are known to be complete, beyond which no markout is given.
    """

    times_ns: Times
    prices: FloatArray
    until_ns: int


@dataclass(frozen=True, slots=True)
class Fills:
    """Executions: sides (+1, -1), prices, quantities above zero and times, shape (m,) all."""

    sides: FloatArray
    prices: FloatArray
    quantities: FloatArray
    times_ns: Times

    def __post_init__(self) -> None:
        checked_fills(self.prices, self.quantities)
        sides = finite(self.sides, "sides")
        paired(self.prices, sides, ("prices", "sides"))
        paired(self.prices, np.asarray(self.times_ns, dtype=np.float64), ("prices", "times_ns"))
        if len(sides) and (np.abs(sides) != 1).any():
            index = int(np.argmax(np.abs(sides) != 1))
            raise InvalidField(f"sides[{index}]", f"must be 1 or -1, was {sides[index]}")


@dataclass(frozen=True, slots=True)
class Markout:
    """What the market did from the fills until a horizon, for the side that traded.

    ``mean_bps`` is weighted with quantity times price and above zero where the market moved in
    favour; ``missing`` counts fills whose horizon is not known yet or without a middle price.
    """

    horizon_ns: int
    mean_bps: Estimate
    missing: int


def effective_spread_bps(sides: ArrayLike, prices: ArrayLike, mids: ArrayLike) -> FloatArray:
    """Return 2 s (p - m) / m of each fill in basis points, shape (n,).

    Parameters
    ----------
    sides, prices
        Shape (n,); NaN is refused.
    mids
        m, the middle price when the fill happened, above zero.

    Notes
    -----
    SEC Rule 605.
    """
    signs, paid, middle = _three(sides, prices, mids)
    return 2e4 * signs * (paid - middle) / middle


def realised_spread_bps(
    sides: ArrayLike, prices: ArrayLike, mids: ArrayLike, later_mids: ArrayLike
) -> FloatArray:
    """Return 2 s (p - m_τ) / m of each fill: what the spread earned who gave the price, shape (n,).

    ``later_mids`` is the middle price a while after the fill, usually five minutes.
    """
    signs, paid, middle = _three(sides, prices, mids)
    later = finite(later_mids, "later_mids")
    paired(paid, later, ("prices", "later_mids"))
    return 2e4 * signs * (paid - later) / middle


def price_impact_bps(sides: ArrayLike, mids: ArrayLike, later_mids: ArrayLike) -> FloatArray:
    """Return effective less realised spread, 2 s (m_τ - m) / m of each fill, shape (n,)."""
    signs, later, middle = _three(sides, later_mids, mids)
    return 2e4 * signs * (later - middle) / middle


def markouts(
    fills: Fills, mids: Mids, horizons_ns: Sequence[int] = HORIZONS_NS
) -> tuple[Markout, ...]:
    """Return what the market did after the fills, one answer a horizon.

    Parameters
    ----------
    fills
        The executions, in any order.
    mids
        The middle prices.
    horizons_ns
        How long after each fill, at least zero.

    Notes
    -----
    s (m_{t+h} - p) / p, the price of the fill being the base: a fill at the offer begins with minus
    half the spread.
    """
    for index, horizon in enumerate(horizons_ns):
        if horizon < 0:
            raise InvalidField(f"horizons_ns[{index}]", f"must be zero or above, was {horizon}")
    checked_times(mids.times_ns)
    prices = positive(finite(mids.prices, "mids"), "mids")
    return tuple(_markout(fills, mids, prices, horizon) for horizon in horizons_ns)


def _markout(fills: Fills, mids: Mids, prices: FloatArray, horizon: int) -> Markout:
    wanted_ns = fills.times_ns + horizon
    later = last_prices(mids.times_ns, prices, wanted_ns)
    later[wanted_ns > mids.until_ns] = np.nan
    known = ~np.isnan(later)
    count, missing = int(known.sum()), int((~known).sum())
    if not count:
        return Markout(horizon, Estimate.insufficient(0, 1), missing)
    weights = fills.quantities[known]
    moves = fills.sides[known] * (later[known] - fills.prices[known])
    # Σ q p · move / p over Σ q p.
    value = np.dot(moves, weights) / np.dot(fills.prices[known], weights) * 1e4
    return Markout(horizon, Estimate.of(value, count), missing)


def _three(
    sides: ArrayLike, prices: ArrayLike, mids: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    signs, paid = finite(sides, "sides"), finite(prices, "prices")
    middle = positive(finite(mids, "mids"), "mids")
    paired(paid, signs, ("prices", "sides"))
    paired(paid, middle, ("prices", "mids"))
    return signs, paid, middle
