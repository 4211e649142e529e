"""Moments of a series: computed once, shared by all statistics that need them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.quant.series import FloatArray, finite, finite_number

FLAT = 1e-13
"""A deviation this small against the mean is rounding: the series is constant."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and central moments with divisor n; zero where there are no observations.

    ``skewness`` is m3 / m2^1.5 and ``kurtosis`` the raw m4 / m2² (3 for a normal law); both are
    zero for a constant series.
    """

    count: int
    mean: float
    variance: float
    skewness: float
    kurtosis: float

    def deviation(self, ddof: int = 1) -> float:
        """Return the standard deviation with divisor n - ddof; zero for a constant series."""
        if self.count <= ddof or self.is_constant:
            return 0.0
        return math.sqrt(self.variance * self.count / (self.count - ddof))

    @property
    def is_constant(self) -> bool:
        """Whether all observations are equal, but for rounding."""
        return math.sqrt(self.variance) <= FLAT * abs(self.mean)


@dataclass(frozen=True, slots=True)
class PartialMoments:
    """What a series has above and below a target; every part is at least zero.

    ``upside`` is Σ max(r - τ, 0), ``upside_square`` Σ max(r - τ, 0)², and so on with τ - r. Sums,
    not means: the divisor n is of **all** observations, and left to whoever divides.
    """

    count: int
    upside: float
    upside_square: float
    downside: float
    downside_square: float


def moments(values: ArrayLike, name: str = "returns") -> Moments:
    """Return the first four moments.

    Parameters
    ----------
    values
        The series, shape (n,); NaN is refused.
    """
    return moments_of(finite(values, name))


def moments_of(array: FloatArray) -> Moments:
    """Return the moments of a checked array."""
    count = len(array)
    if not count:
        return Moments(0, 0.0, 0.0, 0.0, 0.0)
    mean = float(array.mean())
    apart = array - mean
    squares = apart * apart
    second = float(squares.sum()) / count
    # Against the mean: where all is rounding, higher moments would be noise over noise.
    if math.sqrt(second) <= FLAT * abs(mean):
        return Moments(count, mean, second, 0.0, 0.0)
    third = float(np.dot(squares, apart)) / count
    fourth = float(np.dot(squares, squares)) / count
    # Divided one after the other: a power of a tiny variance would vanish.
    skewness = third / second / math.sqrt(second)
    return Moments(count, mean, second, skewness, fourth / second / second)


def partial_moments(values: ArrayLike, target: float = 0.0) -> PartialMoments:
    """Return the sums above and below a target, per period.

    Parameters
    ----------
    values
        Returns, shape (n,); NaN is refused.
    target
        The return a period from which up and down are counted.
    """
    return partial_moments_of(finite(values), finite_number(target, "target"))


def partial_moments_of(array: FloatArray, target: float) -> PartialMoments:
    """Return the sums above and below a target of a checked array."""
    apart = array - target
    above = np.maximum(apart, 0.0)
    below = np.minimum(apart, 0.0)
    return PartialMoments(
        count=len(array),
        upside=float(above.sum()),
        upside_square=float(np.dot(above, above)),
        downside=-float(below.sum()),
        downside_square=float(np.dot(below, below)),
    )
