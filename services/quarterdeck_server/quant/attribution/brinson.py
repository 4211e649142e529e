"""Brinson-Fachler attribution: allocation, selection and interaction by group and period."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.series import LARGEST, FloatArray, finite_matrix

SLACK = 1e-9
"""How far the weights of a period may be from one."""

LEAST_WEIGHT = 1e-6
"""A group with less weight has no return of its own."""
LEAST_SHARE = 0.5
"""Neither has one of which long and short positions cancel more than half."""


class Allocation(Enum):
    """Against what the benchmark's return of a group is held."""

    BRINSON_FACHLER = "brinson_fachler"
    """Against the whole benchmark: (w_p - w_b)(b_i - b). Rewards leaving out what did badly."""
    BRINSON_HOOD_BEEBOWER = "brinson_hood_beebower"
    """Against nothing: (w_p - w_b) b_i. The same in sum, not by group."""


@dataclass(frozen=True, slots=True)
class Effects:
    """The effects of t periods and k groups, and the returns that they explain.

    Attributes
    ----------
    allocation, selection, interaction
        Shape (t, k), fractions of the capital at the period's start.
    portfolio, benchmark
        The returns of both, shape (t,).
    """

    allocation: FloatArray
    selection: FloatArray
    interaction: FloatArray
    portfolio: FloatArray
    benchmark: FloatArray

    @property
    def active(self) -> FloatArray:
        """The returns to be explained, portfolio less benchmark, shape (t,)."""
        return self.portfolio - self.benchmark

    @property
    def selection_with_interaction(self) -> FloatArray:
        """Selection measured at the portfolio's weights, w_p (p_i - b_i), shape (t, k)."""
        return self.selection + self.interaction

    @property
    def total(self) -> FloatArray:
        """All effects of each group, shape (t, k)."""
        return self.allocation + self.selection + self.interaction


def brinson(
    portfolio_weights: ArrayLike,
    benchmark_weights: ArrayLike,
    portfolio_returns: ArrayLike,
    benchmark_returns: ArrayLike,
    allocation: Allocation = Allocation.BRINSON_FACHLER,
) -> Effects:
    """Explain the difference of two returns by groups.

    Parameters
    ----------
    portfolio_weights, benchmark_weights
        Weights at the start of each period, shape (t, k), or (k,) for one period. The weights of a
        period add up to one within 1e-9; they may be below zero.
    portfolio_returns, benchmark_returns
        Simple returns of the groups, of the same shape. NaN is allowed where the own weight is zero
        and means "not held"; the group then has the other side's return, so that holding what the
        benchmark lacks is allocation, and not holding what it has is no selection.
    allocation
        Which allocation effect.

    Notes
    -----
    A = (w_p - w_b)(b_i - b), S = w_b (p_i - b_i), I = (w_p - w_b)(p_i - b_i). Brinson and Fachler
    (1985); Bacon (2008), chapter 5.
    """
    own, other = _weights(portfolio_weights, benchmark_weights)
    mine = _returns(portfolio_returns, own, "portfolio_returns")
    theirs = _returns(benchmark_returns, other, "benchmark_returns")
    mine, theirs = np.where(np.isnan(mine), theirs, mine), np.where(np.isnan(theirs), mine, theirs)
    # Held by neither: any return serves, the effects are zero.
    mine, theirs = np.nan_to_num(mine), np.nan_to_num(theirs)
    portfolio, benchmark = (own * mine).sum(axis=1), (other * theirs).sum(axis=1)
    against = benchmark[:, None] if allocation is Allocation.BRINSON_FACHLER else 0.0
    bets, skill = own - other, mine - theirs
    return Effects(bets * (theirs - against), other * skill, bets * skill, portfolio, benchmark)


def effects_of(
    portfolio_weights: ArrayLike,
    benchmark_weights: ArrayLike,
    portfolio_contributions: ArrayLike,
    benchmark_contributions: ArrayLike,
    *,
    portfolio_gross: ArrayLike | None = None,
    benchmark_gross: ArrayLike | None = None,
) -> Effects:
    """Explain the difference of two returns by groups of which contributions are known.

    For what was traded: a long and a short position in one group may add up to no weight and still
    have made something.

    Parameters
    ----------
    portfolio_weights, benchmark_weights
        As in ``brinson``.
    portfolio_contributions, benchmark_contributions
        What each group added to the return of the period, weight times return, of the same shape;
        NaN is refused.
    portfolio_gross, benchmark_gross
        The weights with short positions counted as long ones, of the same shape; absent means the
        magnitudes of the weights.

    Notes
    -----
    The effects of ``brinson`` (Brinson and Fachler) with the returns c / w. A group whose weight is
    within 1e-6 of zero, or less than half of its gross weight, has no return of its own, since what
    it made has little to do with so small a weight: the other side's return stands in, and what
    it contributed is interaction. A group's effects add up to c_p - c_b - (w_p - w_b) b in any
    case, and those of all groups to the difference of the returns.
    """
    own, other = _weights(portfolio_weights, benchmark_weights)
    mine = _table(portfolio_contributions, own, "portfolio_contributions")
    theirs = _table(benchmark_contributions, other, "benchmark_contributions")
    portfolio, benchmark = mine.sum(axis=1), theirs.sum(axis=1)
    own_returns = _returns_of(mine, own, _gross(portfolio_gross, own, "portfolio_gross"))
    other_returns = _returns_of(theirs, other, _gross(benchmark_gross, other, "benchmark_gross"))
    p = np.nan_to_num(np.where(np.isnan(own_returns), other_returns, own_returns))
    b = np.nan_to_num(np.where(np.isnan(other_returns), own_returns, other_returns))
    bets = own - other
    allocation, selection = bets * (b - benchmark[:, None]), other * (p - b)
    whole = mine - theirs - bets * benchmark[:, None]
    return Effects(allocation, selection, whole - allocation - selection, portfolio, benchmark)


def _table(values: ArrayLike, weights: FloatArray, name: str) -> FloatArray:
    table = finite_matrix(np.atleast_2d(np.asarray(values, dtype=np.float64)), name)
    if table.shape != weights.shape:
        raise InvalidField(name, f"must have the shape of the weights, {weights.shape}")
    return table


def _gross(values: ArrayLike | None, weights: FloatArray, name: str) -> FloatArray:
    return np.abs(weights) if values is None else _table(values, weights, name)


def _returns_of(contributions: FloatArray, weights: FloatArray, gross: FloatArray) -> FloatArray:
    has_return = np.abs(weights) > np.maximum(LEAST_WEIGHT, LEAST_SHARE * gross)
    safe = np.where(has_return, weights, 1.0)
    return np.where(has_return, contributions / safe, np.nan)


def _weights(own: ArrayLike, other: ArrayLike) -> tuple[FloatArray, FloatArray]:
    names = ("portfolio_weights", "benchmark_weights")
    tables = [
        finite_matrix(np.atleast_2d(np.asarray(table, dtype=np.float64)), name)
        for table, name in zip((own, other), names, strict=True)
    ]
    if tables[0].shape != tables[1].shape:
        raise InvalidField(names[1], f"must have the shape of {names[0]}, {tables[0].shape}")
    for table, name in zip(tables, names, strict=True):
        sums = table.sum(axis=1)
        wrong = np.abs(sums - 1) > SLACK
        if wrong.any():
            index = int(np.argmax(wrong))
            raise InvalidField(f"{name}[{index}]", f"must add up to 1, adds up to {sums[index]}")
    return tables[0], tables[1]


def _returns(returns: ArrayLike, weights: FloatArray, name: str) -> FloatArray:
    table = np.atleast_2d(np.asarray(returns, dtype=np.float64))
    if table.shape != weights.shape:
        raise InvalidField(name, f"must have the shape of the weights, {weights.shape}")
    held = ~(np.isnan(table) & (weights == 0))
    bad = held & ~(np.abs(table) <= LARGEST)
    if bad.any():
        row, column = (int(index) for index in np.argwhere(bad)[0])
        raise InvalidField(
            f"{name}[{row}][{column}]", "must be a finite number where weight is held"
        )
    return table
