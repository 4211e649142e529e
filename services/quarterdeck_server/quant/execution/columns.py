"""Many orders at once: reference prices and shortfalls in columns, index i of each is one order.

Every function answers for each order what its namesake in ``benchmark`` and ``shortfall`` answers
for one, where NaN stands for "insufficient".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.quant.execution.benchmark import Times, last_prices
from quarterdeck_server.quant.execution.shortfall import SLACK
from quarterdeck_server.quant.series import FloatArray

type Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Shortfalls:
    """The parts of shortfalls as amounts, shape (n,) all; NaN where a price is missing."""

    explicit: FloatArray
    delay: FloatArray
    trading: FloatArray
    opportunity: FloatArray
    paper: FloatArray
    """The ordered values at the decision prices."""

    @property
    def total(self) -> FloatArray:
        """The sums of the parts."""
        return self.explicit + self.delay + self.trading + self.opportunity


@dataclass(frozen=True, slots=True)
class OrderColumns:
    """Orders as they were decided, and what became of them, shape (n,) all.

    Attributes
    ----------
    sides
        +1 for a purchase, -1 for a sale.
    quantities, filled
        Ordered and filled, above zero and from zero.
    decision_prices, arrival_prices, end_prices
        NaN where they are not known.
    average_prices
        Of the fills; NaN without one.
    fees
        Explicit costs.
    """

    sides: FloatArray
    quantities: FloatArray
    filled: FloatArray
    decision_prices: FloatArray
    arrival_prices: FloatArray
    end_prices: FloatArray
    average_prices: FloatArray
    fees: FloatArray


def average_prices(
    times_ns: Times, prices: FloatArray, sizes: FloatArray, starts_ns: Times, ends_ns: Times
) -> tuple[FloatArray, FloatArray]:
    """Return the VWAP of the trades of each interval, and what was traded in it.

    Parameters
    ----------
    times_ns, prices, sizes
        The market's trades, times never decreasing, shape (m,).
    starts_ns, ends_ns
        Of the intervals, the end not included, shape (n,).
    """
    # About the first price, so that sums of many trades keep the digits of the differences.
    base = prices[0] if len(prices) else 0.0
    value, volume = _running((prices - base) * sizes), _running(sizes)
    first, last = (np.searchsorted(times_ns, edge) for edge in (starts_ns, ends_ns))
    traded = volume[last] - volume[first]
    found = np.full(len(starts_ns), np.nan)
    some = last > first
    found[some] = base + (value[last] - value[first])[some] / traded[some]
    return found, np.where(some, traded, 0.0)


def time_weighted_prices(
    times_ns: Times, prices: FloatArray, starts_ns: Times, ends_ns: Times, most_age_ns: int
) -> FloatArray:
    """Return the average over each interval of a price that holds until the next one.

    Parameters
    ----------
    times_ns, prices
        When each price was seen, never decreasing, shape (m,).
    starts_ns, ends_ns
        Of the intervals, shape (n,). Only the part counts in which a price was known.
    most_age_ns
        How long before an interval its first price may have been seen; else it begins with the
        first one that was seen in it.
    """
    found = np.full(len(starts_ns), np.nan)
    if not len(times_ns):
        return found
    known = ~np.isnan(last_prices(times_ns, prices, starts_ns, most_age_ns))
    following = np.append(times_ns, np.iinfo(np.int64).max)
    begins = np.where(
        known, starts_ns, following[np.searchsorted(times_ns, starts_ns, side="right")]
    )
    some = ends_ns > begins
    base = float(prices[0])
    # A microsecond has to be seen in the sum of a year, for which a double has no digits left.
    held_so_far = (prices[:-1] - base) * np.diff(times_ns)
    area = np.concatenate(([0.0], np.cumsum(held_so_far, dtype=np.longdouble)))

    def until(moments_ns: Times) -> NDArray[np.longdouble]:
        held = np.searchsorted(times_ns, moments_ns, side="right") - 1
        rest = (prices[held] - base) * (moments_ns - times_ns[held])
        return np.asarray(area[held] + rest)

    begins, ends = begins[some], ends_ns[some]
    found[some] = base + (until(ends) - until(begins)) / (ends - begins)
    return found


def shortfalls(orders: OrderColumns) -> Shortfalls:
    """Take the shortfalls of orders apart.

    Notes
    -----
    Those of ``shortfall.implementation_shortfall``. Where the decision price is not known, the
    arrival price is taken for it, and the delay is 0.
    """
    decision = np.where(
        np.isnan(orders.decision_prices), orders.arrival_prices, orders.decision_prices
    )
    missed = orders.quantities - orders.filled
    missed = np.where(missed > SLACK * orders.quantities, missed, 0.0)
    arrival, sides = orders.arrival_prices, orders.sides

    def cost(quantities: FloatArray, after: FloatArray, before: FloatArray) -> FloatArray:
        # Where nothing is filled, or missed, its price need not be known.
        return sides * quantities * np.where(quantities > 0, after - before, 0.0)

    return Shortfalls(
        explicit=orders.fees,
        delay=cost(orders.filled, arrival, decision),
        trading=cost(orders.filled, orders.average_prices, arrival),
        opportunity=cost(missed, orders.end_prices, decision),
        paper=orders.quantities * decision,
    )


def _running(values: FloatArray) -> FloatArray:
    return np.concatenate(([0.0], np.cumsum(values)))
