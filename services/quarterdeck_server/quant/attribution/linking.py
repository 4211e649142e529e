"""Linking: make effects of single periods add up to the difference of the compounded returns.

Single effects add up within their period; returns compound, so the sum of all effects is not the
difference of the total returns. Each method here gives every period a factor (Menchero's optimum
can be written so, too); effects times factors add up to R - B.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.attribution.brinson import Effects
from quarterdeck_server.quant.series import FloatArray, finite, finite_matrix, paired

NEAR = 1e-8
"""Where two returns are this close, the first terms of a series are exact to a double."""


class Linking(Enum):
    """How effects are carried through time."""

    CARINO = "carino"
    """By logarithms; the usual choice, and the default here."""
    MENCHERO = "menchero"
    """By an even factor and the smallest correction of it; order-independent as well."""
    GRAP = "grap"
    """At the portfolio's growth before and the benchmark's after; depends on the order."""


@dataclass(frozen=True, slots=True)
class Linked:
    """Effects of all periods together, by group; ``portfolio`` and ``benchmark`` are compounded.

    ``factors``, shape (t,), are what each period's effects were multiplied with.
    """

    allocation: FloatArray
    selection: FloatArray
    interaction: FloatArray
    portfolio: float
    benchmark: float
    factors: FloatArray

    @property
    def active(self) -> float:
        """What is explained: the difference of the compounded returns."""
        return self.portfolio - self.benchmark

    @property
    def total(self) -> FloatArray:
        """All effects of each group, shape (k,)."""
        return self.allocation + self.selection + self.interaction


def linked(effects: Effects, method: Linking = Linking.CARINO) -> Linked:
    """Carry the effects of several periods through time.

    Parameters
    ----------
    effects
        Effects of t periods and k groups. All returns of portfolio and benchmark must be above -1.
    """
    factors = linking_factors(effects.portfolio, effects.benchmark, method)
    return Linked(
        allocation=factors @ effects.allocation,
        selection=factors @ effects.selection,
        interaction=factors @ effects.interaction,
        portfolio=_compounded(effects.portfolio),
        benchmark=_compounded(effects.benchmark),
        factors=factors,
    )


def linking_factors(
    portfolio: ArrayLike, benchmark: ArrayLike, method: Linking = Linking.CARINO
) -> FloatArray:
    """Return f with Σ f_t (r_t - b_t) = R - B.

    Parameters
    ----------
    portfolio, benchmark
        Returns a period, above -1, shape (t,); NaN is refused.

    Notes
    -----
    Carino (1999): f_t = k_t / K, k_t = (ln(1 + r_t) - ln(1 + b_t)) / (r_t - b_t), or 1 / (1 + r_t)
    where they are equal, K the same of R and B. Menchero (2000): f_t = A + C (r_t - b_t). GRAP
    (1997): f_t = Π_{s<t} (1 + r_s) Π_{s>t} (1 + b_s).
    """
    mine, theirs = finite(portfolio, "portfolio"), finite(benchmark, "benchmark")
    paired(mine, theirs, ("portfolio", "benchmark"))
    for array, name in ((mine, "portfolio"), (theirs, "benchmark")):
        if len(array) and array.min() <= -1:
            index = int(np.argmax(array <= -1))
            raise InvalidField(f"{name}[{index}]", f"must be above -1, was {array[index]}")
    return METHODS[method](mine, theirs)


def linked_contributions(contributions: ArrayLike) -> FloatArray:
    """Return contributions to a return of several periods.

    Parameters
    ----------
    contributions
        w_i r_i of each period and group, shape (t, k); the sum of a period is its return, above -1.
        NaN is refused.

    Returns
    -------
    FloatArray
        Shape (k,), with the sum Π (1 + r_t) - 1. Carino's factors against a benchmark of zero.
    """
    table = finite_matrix(contributions, "contributions")
    returns = table.sum(axis=1)
    return linking_factors(returns, np.zeros(len(returns))) @ table


def _carino(mine: FloatArray, theirs: FloatArray) -> FloatArray:
    whole = np.array([_compounded(mine)]), np.array([_compounded(theirs)])
    return _log_slope(mine, theirs) / _log_slope(*whole)


def _log_slope(mine: FloatArray, theirs: FloatArray) -> FloatArray:
    """Return (ln(1 + r) - ln(1 + b)) / (r - b) without loss where they are close."""
    relative = (mine - theirs) / (1 + theirs)
    near = np.abs(relative) < NEAR
    safe = np.where(near, 1.0, relative)
    slope = np.where(near, 1 - relative / 2, np.log1p(safe) / safe)
    return slope / (1 + theirs)


def _menchero(mine: FloatArray, theirs: FloatArray) -> FloatArray:
    count, active = len(mine), mine - theirs
    if not count:
        return np.empty(0)
    total = _compounded(mine) - _compounded(theirs)
    even = _even_factor(_compounded(mine), _compounded(theirs), count)
    square = float(active @ active)
    correction = (total - even * float(active.sum())) / square if square else 0.0
    return even + correction * active


def _even_factor(mine: float, theirs: float, count: int) -> float:
    """Return (R - B) / (t ((1 + R)^(1/t) - (1 + B)^(1/t))), or its limit where R is close to B."""
    logs = np.log1p(mine), np.log1p(theirs)
    gap = logs[0] - logs[1]
    base = np.exp(logs[1] * (count - 1) / count)
    if abs(gap) < NEAR:
        return float(base * (1 + gap * (count - 1) / (2 * count)))
    return float(base * np.expm1(gap) / (count * np.expm1(gap / count)))


def _grap(mine: FloatArray, theirs: FloatArray) -> FloatArray:
    if not len(mine):
        return np.empty(0)
    before = np.concatenate(([1.0], np.cumprod(1 + mine)[:-1]))
    after = np.concatenate((np.cumprod((1 + theirs)[::-1])[::-1][1:], [1.0]))
    return before * after


def _compounded(returns: FloatArray) -> float:
    # By logarithms: 1 + r would round small returns away.
    return math.expm1(math.fsum(np.log1p(returns)))


METHODS: dict[Linking, Callable[[FloatArray, FloatArray], FloatArray]] = {
    Linking.CARINO: _carino,
    Linking.MENCHERO: _menchero,
    Linking.GRAP: _grap,
}
"""The formula of each method; returns are checked before."""
