"""Market impact: the square-root law, its fit to own orders, Almgren's estimate before a trade."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.estimate import State, Unmeasured
from quarterdeck_server.quant.series import FloatArray, finite, finite_number, paired, positive

GAMMA = 0.314
"""Almgren et al. (2005): permanent impact."""
ETA = 0.142
"""Almgren et al. (2005): temporary impact."""
NEEDED = 3
"""The least number of orders to fit an impact to."""


@dataclass(frozen=True, slots=True)
class ImpactFit:
    """A fitted square-root law.

    Attributes
    ----------
    coefficient
        Y in I = Y σ √(Q / V); the literature finds 0.5 to 1.
    error
        Its standard error, robust against unequal variances (White).
    r_squared
        1 - Σ (I - fit)² / Σ I²: against no impact, since the law has no intercept.
    count
        The number of orders.
    """

    coefficient: float
    error: float
    r_squared: float
    count: int


@dataclass(frozen=True, slots=True)
class ImpactEstimate:
    """What an order will cost, as fractions of the price: permanent I, temporary K, both J."""

    permanent: float
    temporary: float

    @property
    def total(self) -> float:
        """J = I / 2 + K, the expected cost."""
        return self.permanent / 2 + self.temporary


def square_root_impact(
    quantity: float, daily_volume: float, daily_volatility: float, coefficient: float = 1.0
) -> float:
    """Return Y σ √(Q / V), a fraction of the price.

    Parameters
    ----------
    quantity
        Q, in units of the instrument, at least zero.
    daily_volume
        V, the average daily volume, above zero.
    daily_volatility
        σ, the deviation of daily returns, as a fraction.
    coefficient
        Y.
    """
    if not finite_number(quantity, "quantity") >= 0:
        raise InvalidField("quantity", f"must be zero or above, was {quantity}")
    if not finite_number(daily_volume, "daily_volume") > 0:
        raise InvalidField("daily_volume", f"must be above zero, was {daily_volume}")
    return coefficient * daily_volatility * math.sqrt(quantity / daily_volume)


def fit_square_root(
    costs: ArrayLike, quantities: ArrayLike, daily_volumes: ArrayLike, volatilities: ArrayLike
) -> ImpactFit | Unmeasured:
    """Fit Y of the square-root law to own orders, by least squares through the origin.

    Parameters
    ----------
    costs
        What each order cost against its arrival price, as a fraction, shape (n,); NaN is refused.
    quantities, daily_volumes, volatilities
        Of the orders, shape (n,); above zero.

    Returns
    -------
    ImpactFit or Unmeasured
        ``INSUFFICIENT`` below three orders.
    """
    seen = finite(costs, "costs")
    named = {"quantities": quantities, "daily_volumes": daily_volumes, "volatilities": volatilities}
    columns: list[FloatArray] = []
    for name, values in named.items():
        columns.append(positive(finite(values, name), name))
        paired(seen, columns[-1], ("costs", name))
    if len(seen) < NEEDED:
        return Unmeasured(State.INSUFFICIENT, len(seen), NEEDED)
    sizes, volumes, deviations = columns
    return _through_origin(seen, deviations * np.sqrt(sizes / volumes))


def almgren_impact(
    share_of_volume: float, days: float, daily_volatility: float, float_turnover: float
) -> ImpactEstimate:
    """Estimate the impact of an order that is worked evenly, before it is sent.

    Parameters
    ----------
    share_of_volume
        X / V: the order over the average daily volume, at least zero.
    days
        T: how long it is worked, in days of trading, above zero.
    daily_volatility
        σ.
    float_turnover
        Θ / V: shares outstanding over the average daily volume, above zero.

    Notes
    -----
    I = γ σ (X/V) (Θ/V)^(1/4), K = η σ (X / (V T))^(3/5), γ 0.314, η 0.142. Almgren, Thum, Hauptmann
    and Li (2005), fitted to US shares of large firms.
    """
    for name, value in (("days", days), ("float_turnover", float_turnover)):
        if not finite_number(value, name) > 0:
            raise InvalidField(name, f"must be above zero, was {value}")
    if not finite_number(share_of_volume, "share_of_volume") >= 0:
        raise InvalidField("share_of_volume", f"must be zero or above, was {share_of_volume}")
    return ImpactEstimate(
        permanent=GAMMA * daily_volatility * share_of_volume * float_turnover**0.25,
        temporary=ETA * daily_volatility * (share_of_volume / days) ** 0.6,
    )


def _through_origin(seen: FloatArray, expected: FloatArray) -> ImpactFit:
    weight = float(expected @ expected)
    coefficient = float(expected @ seen) / weight
    left = seen - coefficient * expected
    error = math.sqrt(float(np.dot(expected * left, expected * left))) / weight
    whole = float(seen @ seen)
    explained = 1 - float(left @ left) / whole if whole else 1.0
    return ImpactFit(coefficient, error, explained, len(seen))
