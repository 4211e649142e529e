"""How orders fared: filled, rejected, cancelled, at which side of the spread, and how fast."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.estimate import Estimate, State
from quarterdeck_server.quant.execution.shortfall import checked_fills
from quarterdeck_server.quant.series import FloatArray, finite, finite_number, paired

PERCENTS = (50.0, 90.0, 99.0, 99.9)
"""The usual percentiles of latencies."""


@dataclass(frozen=True, slots=True)
class MakerShare:
    """The share of fills that added liquidity, by value and by number."""

    by_value: Estimate
    by_count: Estimate


def fill_ratio(filled: ArrayLike, ordered: ArrayLike) -> Estimate:
    """Return Σ filled / Σ ordered quantity of orders in one instrument.

    Parameters
    ----------
    filled, ordered
        Quantities of each order, shape (n,), 0 ≤ filled ≤ ordered; NaN is refused.
    """
    done, wanted = finite(filled, "filled"), finite(ordered, "ordered")
    paired(done, wanted, ("filled", "ordered"))
    wrong = (done < 0) | (done > wanted)
    if wrong.any():
        index = int(np.argmax(wrong))
        problem = f"must be from 0 to the ordered quantity, {wanted[index]}, was {done[index]}"
        raise InvalidField(f"filled[{index}]", problem)
    total = float(wanted.sum())
    return Estimate.of(done.sum() / total, len(done)) if total else Estimate.insufficient(0, 1)


def share(events: int, orders: int, name: str = "events") -> Estimate:
    """Return the share of orders that ended so: rejects, cancels, expiries over orders sent.

    Parameters
    ----------
    events, orders
        Numbers, 0 ≤ events ≤ orders.
    name
        What errors call the events.
    """
    if not 0 <= events <= orders:
        raise InvalidField(name, f"must be from 0 to the number of orders, {orders}, was {events}")
    return Estimate.of(events / orders, orders) if orders else Estimate.insufficient(0, 1)


def maker_share(
    is_maker: Sequence[bool] | NDArray[np.bool_], prices: ArrayLike, quantities: ArrayLike
) -> MakerShare:
    """Return the share of fills that added liquidity.

    Parameters
    ----------
    is_maker
        Whether each fill did, shape (n,).
    prices, quantities
        Of the fills, shape (n,), quantities above zero; NaN is refused.
    """
    paid, sizes = checked_fills(prices, quantities)
    made = np.asarray(is_maker, dtype=np.bool_)
    paired(paid, made.astype(np.float64), ("prices", "is_maker"))
    if not len(paid):
        return MakerShare(Estimate.insufficient(0, 1), Estimate.insufficient(0, 1))
    values = np.abs(paid) * sizes
    whole = float(values.sum())
    # Only prices of zero have no value at all.
    by_value = Estimate.missing(State.CONSTANT, len(paid))
    if whole:
        by_value = Estimate.of(values[made].sum() / whole, len(paid))
    return MakerShare(by_value, Estimate.of(made.mean(), len(paid)))


def latency_percentiles(
    latencies_ns: ArrayLike, percents: Sequence[float] = PERCENTS
) -> dict[float, Estimate]:
    """Return percentiles as observed values: the smallest that so many percent do not exceed.

    Parameters
    ----------
    latencies_ns
        Durations, shape (n,), at least zero, in nanoseconds; NaN is refused.
    percents
        Above 0, at most 100.

    Returns
    -------
    dict
        An estimate a percentile, in nanoseconds. ``INSUFFICIENT`` where fewer than 1 / (1 - p)
        observations make it no more than the maximum, for example 100 for the 99th.
    """
    array = np.sort(_durations(latencies_ns))
    for index, percent in enumerate(percents):
        if not 0 < finite_number(percent, f"percents[{index}]") / 100 <= 1:
            raise InvalidField(f"percents[{index}]", f"must be above 0, at most 100, was {percent}")
    return {percent: _nearest_rank(array, percent) for percent in percents}


def _durations(latencies_ns: ArrayLike) -> FloatArray:
    array = finite(latencies_ns, "latencies_ns")
    if len(array) and array.min() < 0:
        index = int(np.argmax(array < 0))
        raise InvalidField(f"latencies_ns[{index}]", f"must be zero or above, was {array[index]}")
    return array


def _nearest_rank(array: FloatArray, percent: float) -> Estimate:
    beyond = round(1 - percent / 100, 12)
    needed = math.ceil(round(1 / beyond, 9)) if beyond else 1
    if len(array) < needed:
        return Estimate.insufficient(len(array), needed)
    # Rounded first: 0.99 · 1000 must not become the 991st.
    rank = math.ceil(round(len(array) * percent / 100, 9))
    return Estimate.of(array[rank - 1], len(array))
