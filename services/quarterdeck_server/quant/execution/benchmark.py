"""Prices to hold executions against: VWAP, TWAP, and the slippage from any price.

Of one interval, or of many at once: there NaN stands for "insufficient".
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.estimate import Estimate
from quarterdeck_server.quant.execution.shortfall import check_side, checked_fills
from quarterdeck_server.quant.series import FloatArray, finite, finite_number, paired
from quarterdeck_server.quant.windows import sums_between

type Times = NDArray[np.int64]
type Bools = NDArray[np.bool_]

ANY_AGE_NS = 2**63 - 1


def average_price(prices: ArrayLike, quantities: ArrayLike) -> Estimate:
    """Return Σ p q / Σ q: the VWAP of an order's fills, or of a market's trades.

    Parameters
    ----------
    prices, quantities
        Shape (n,), quantities above zero; NaN is refused.

    Returns
    -------
    Estimate
        ``INSUFFICIENT`` without a trade. A market's VWAP includes own fills if they are among its
        trades; ``average_price_of_others`` takes them out.
    """
    paid, sizes = checked_fills(prices, quantities)
    if not len(paid):
        return Estimate.insufficient(0, 1)
    return Estimate.of(np.dot(paid, sizes) / sizes.sum(), len(paid))


def average_price_of_others(
    prices: ArrayLike, quantities: ArrayLike, own_prices: ArrayLike, own_quantities: ArrayLike
) -> Estimate:
    """Return the VWAP of a market whose trades include own fills, without these.

    All shapes and rules are those of ``average_price``; its count is the number of the market's
    trades. ``INSUFFICIENT`` if nobody else traded.
    """
    paid, sizes = checked_fills(prices, quantities)
    own_paid, own_sizes = checked_fills(own_prices, own_quantities)
    volume = float(sizes.sum() - own_sizes.sum())
    if volume <= 1e-9 * float(sizes.sum()):
        return Estimate.insufficient(0, 1)
    return Estimate.of((np.dot(paid, sizes) - np.dot(own_paid, own_sizes)) / volume, len(paid))


def time_weighted_price(times_ns: Times, prices: ArrayLike, start_ns: int, end_ns: int) -> Estimate:
    """Return the average over time of a price that holds until the next one.

    Parameters
    ----------
    times_ns, prices
        When each price was seen, never decreasing, shape (n,). NaN is refused.
    start_ns, end_ns
        The interval, from ``start_ns`` up to but not including ``end_ns``.

    Returns
    -------
    Estimate
        Over the part of the interval in which a price was known; its count is the number of prices
        that held in it. ``INSUFFICIENT`` if none did.
    """
    seen, known = checked_times(times_ns), finite(prices, "prices")
    paired(known, seen.astype(np.float64), ("prices", "times_ns"))
    if end_ns <= start_ns:
        raise InvalidField("end_ns", f"must be after start_ns, {start_ns}, was {end_ns}")
    # Relative to the start, so that a double holds every nanosecond.
    begins = np.clip(seen, start_ns, end_ns) - start_ns
    spans = np.diff(np.append(begins, end_ns - start_ns)).astype(np.float64)
    held = spans > 0
    if not held.any():
        return Estimate.insufficient(0, 1)
    return Estimate.of(np.dot(known[held], spans[held]) / spans[held].sum(), int(held.sum()))


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
    first, last = (np.searchsorted(times_ns, edge) for edge in (starts_ns, ends_ns))
    value, traded = (sums_between(each, first, last) for each in (prices * sizes, sizes))
    found = np.full(len(starts_ns), np.nan)
    some = last > first
    found[some] = value[some] / traded[some]
    return found, traded


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
    until = np.append(times_ns[1:], np.iinfo(np.int64).max)
    held = np.searchsorted(times_ns, starts_ns, side="right") - 1
    first = np.where(known, held, held + 1)
    some = (first < np.searchsorted(times_ns, ends_ns)) & (starts_ns < ends_ns)
    first, ends = first[some], ends_ns[some]
    last = np.searchsorted(times_ns, ends) - 1
    begins = np.maximum(starts_ns[some], times_ns[first])
    area = prices[first] * (np.minimum(until[first], ends) - begins)
    area += sums_between(prices[:-1] * np.diff(times_ns), first + 1, last)
    area += np.where(last > first, prices[last] * (ends - times_ns[last]), 0.0)
    found[some] = area / (ends - begins)
    return found


def slippage_bps(side: int, price: float, benchmark: float) -> float:
    """Return s (p - B) / B in basis points: above zero is worse than the benchmark.

    Parameters
    ----------
    side
        +1 for a purchase, -1 for a sale.
    price
        The average price of the fills.
    benchmark
        B, above zero: the arrival price, a VWAP, a TWAP, the close.
    """
    if finite_number(benchmark, "benchmark") <= 0:
        raise InvalidField("benchmark", f"must be above zero, was {benchmark}")
    return check_side(side) * (finite_number(price, "price") - benchmark) / benchmark * 1e4


def participation_rate(own_quantity: float, market_quantity: float) -> Estimate:
    """Return the own share of the volume traded in a window; the market's includes the own."""
    own, market = (
        finite_number(own_quantity, "own_quantity"),
        finite_number(market_quantity, "market_quantity"),
    )
    if own < 0 or own > market:
        raise InvalidField("own_quantity", f"must be from 0 to the market's, {market}, was {own}")
    return Estimate.of(own / market, 1) if market else Estimate.insufficient(0, 1)


def last_prices(
    times_ns: Times, prices: FloatArray, wanted_ns: Times, most_age_ns: int = ANY_AGE_NS
) -> FloatArray:
    """Return the price that held at each moment; NaN without one that is young enough.

    Parameters
    ----------
    times_ns, prices
        When each price was seen, never decreasing, shape (m,).
    wanted_ns
        Shape (n,).
    most_age_ns
        How long before the moment it may have been seen.
    """
    found = np.full(len(wanted_ns), np.nan)
    held = np.searchsorted(times_ns, wanted_ns, side="right") - 1
    some = held >= 0
    some[some] &= wanted_ns[some] - times_ns[held[some]] <= most_age_ns
    found[some] = prices[held[some]]
    return found


def checked_times(times_ns: Times) -> Times:
    """Return times, or refuse those that decrease."""
    times = np.asarray(times_ns, dtype=np.int64)
    wrong = times[1:] < times[:-1]
    if wrong.any():
        index = int(np.argmax(wrong)) + 1
        raise InvalidField(f"times_ns[{index}]", f"must not be before times_ns[{index - 1}]")
    return times
