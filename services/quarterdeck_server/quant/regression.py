"""Linear regression on factors, with errors that stand up to autocorrelation.

Solved by singular values, never by the normal equations, which square the condition number.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.conventions import TRADING_DAYS
from quarterdeck_server.quant.estimate import State, Unmeasured
from quarterdeck_server.quant.series import FloatArray, finite, finite_matrix, whole

SINGULAR = 1e-10
"""Singular values this small against the largest mean that columns repeat each other."""


@dataclass(frozen=True)
class Regression:
    """A least-squares fit r = α + F β + ε of n returns on k factors.

    Attributes
    ----------
    count
        n.
    coefficients
        α a period, then β, shape (k + 1,).
    errors
        Standard errors of the coefficients, shape (k + 1,), residuals taken as independent.
    robust_errors
        Newey-West standard errors, shape (k + 1,): Bartlett weights, no small-sample factor.
    lags
        The lags of the Newey-West errors.
    r_squared
        The share of the variance that the factors explain; zero for constant returns.
    residual_variance
        Σ ε² / (n - k - 1).
    condition_number
        Of the design with columns of unit length; above 30 the shares of factors are fragile.
    contributions
        α, then β_k · mean(f_k), shape (k + 1,); their sum is the mean return a period.
    """

    count: int
    coefficients: FloatArray
    errors: FloatArray
    robust_errors: FloatArray
    lags: int
    r_squared: float
    residual_variance: float
    condition_number: float
    contributions: FloatArray

    @property
    def alpha(self) -> float:
        """The return a period that no factor explains."""
        return float(self.coefficients[0])

    @property
    def betas(self) -> FloatArray:
        """The sensitivities to the factors, shape (k,)."""
        return self.coefficients[1:]

    @cached_property
    def adjusted_r_squared(self) -> float:
        """R², less what so many factors explain of mere noise."""
        free = self.count - len(self.coefficients)
        return 1 - (1 - self.r_squared) * (self.count - 1) / free

    def t_statistics(self, *, robust: bool = True) -> FloatArray:
        """Return coefficients over their errors, shape (k + 1,); NaN where the error is zero."""
        errors = self.robust_errors if robust else self.errors
        safe = np.where(errors > 0, errors, 1.0)
        return np.where(errors > 0, self.coefficients / safe, np.nan)

    def alpha_a_year(self, periods_per_year: float = TRADING_DAYS) -> float:
        """Return α · m, arithmetic."""
        return self.alpha * periods_per_year


def newey_west_lags(count: int) -> int:
    """Return ⌊4 (n / 100)^(2/9)⌋ (Newey and West 1994)."""
    return math.floor(4 * math.pow(count / 100, 2 / 9))


def factor_regression(
    returns: ArrayLike, factors: ArrayLike, lags: int | None = None
) -> Regression | Unmeasured:
    """Explain returns by factors.

    Parameters
    ----------
    returns
        Excess returns, shape (n,); NaN is refused.
    factors
        Factor returns of the same periods, shape (n, k), or (n,) for one; NaN is refused.
    lags
        Lags of the Newey-West errors; by default ``newey_west_lags(n)``.

    Returns
    -------
    Regression or Unmeasured
        ``INSUFFICIENT`` below k + 2 observations, ``COLLINEAR`` if factors repeat each other or a
        factor is constant.
    """
    target, columns = finite(returns), finite_matrix(factors, "factors")
    if len(target) != len(columns):
        problem = f"must have as many rows as returns, {len(target)}, has {len(columns)}"
        raise InvalidField("factors", problem)
    count, width = len(target), columns.shape[1] + 1
    if count < width + 1:
        return Unmeasured(State.INSUFFICIENT, count, width + 1)
    used = min(newey_west_lags(count) if lags is None else whole(lags, 0, "lags"), count - 1)
    return _fit(target, np.column_stack([np.ones(count), columns]), used)


def _fit(target: FloatArray, design: FloatArray, lags: int) -> Regression | Unmeasured:
    # Columns of unit length, so that units of factors do not look like collinearity.
    lengths = np.sqrt((design * design).sum(axis=0))
    if not lengths.all():
        return Unmeasured(State.COLLINEAR, len(target))
    left, singular, right = np.linalg.svd(design / lengths, full_matrices=False)
    if singular[-1] < SINGULAR * singular[0]:
        return Unmeasured(State.COLLINEAR, len(target))
    inverse = (right.T / singular) / lengths[:, None]
    coefficients = inverse @ (left.T @ target)
    return _described(target, design, (coefficients, inverse, lags), singular)


def _described(
    target: FloatArray,
    design: FloatArray,
    solved: tuple[FloatArray, FloatArray, int],
    singular: FloatArray,
) -> Regression:
    coefficients, inverse, lags = solved
    residuals = target - design @ coefficients
    bread = inverse @ inverse.T
    left_over = float(residuals @ residuals)
    variance = left_over / (len(target) - len(coefficients))
    apart = target - target.mean()
    spread = float(apart @ apart)
    robust = bread @ _long_run(design * residuals[:, None], lags) @ bread
    return Regression(
        count=len(target),
        coefficients=coefficients,
        errors=np.sqrt(variance * np.diagonal(bread)),
        robust_errors=np.sqrt(np.maximum(np.diagonal(robust), 0.0)),
        lags=lags,
        r_squared=1 - left_over / spread if spread else 0.0,
        residual_variance=variance,
        condition_number=float(singular[0] / singular[-1]),
        contributions=coefficients * design.mean(axis=0),
    )


def _long_run(scores: FloatArray, lags: int) -> FloatArray:
    """Return the sum of the scores' autocovariances under Bartlett's weights."""
    total: FloatArray = scores.T @ scores
    for lag in range(1, lags + 1):
        shifted = scores[lag:].T @ scores[:-lag]
        total = total + (1 - lag / (lags + 1)) * (shifted + shifted.T)
    return total


def variance_shares(betas: ArrayLike, factor_covariance: ArrayLike, residual: float) -> FloatArray:
    """Return the share of each factor, and last of the residual, in the variance β'Σβ + σ².

    Parameters
    ----------
    betas
        Sensitivities, shape (k,).
    factor_covariance
        Σ, shape (k, k).
    residual
        σ², at least zero.

    Returns
    -------
    FloatArray
        β_i (Σβ)_i / total (Euler), shape (k + 1,), with sum one; zeros if there is no variance.
    """
    weights, matrix = finite(betas, "betas"), finite_matrix(factor_covariance, "factor_covariance")
    if matrix.shape != (len(weights), len(weights)):
        raise InvalidField("factor_covariance", f"must be square of size {len(weights)}")
    if not residual >= 0:
        raise InvalidField("residual", f"must be zero or above, was {residual}")
    parts = np.append(weights * (matrix @ weights), residual)
    total = parts.sum()
    return parts / total if total > 0 else np.zeros(len(parts))
