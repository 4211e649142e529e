"""Profit by anything: strategy, instrument, sector, side, day of the week, hour."""

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.series import finite

NS_A_SECOND = 1_000_000_000
SECONDS_AN_HOUR = 3_600
DAYS_A_WEEK = 7
EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""


@dataclass(frozen=True, slots=True)
class Part[K: Hashable]:
    """One group: its key, the sum of its amounts, their number, and its share of the whole.

    ``share`` is ``None`` if the whole is zero.
    """

    key: K
    amount: float
    count: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Grouped[K: Hashable]:
    """All groups, the largest magnitude first, and the whole that they add up to."""

    parts: tuple[Part[K], ...]
    total: float


def by_key[K: Hashable](keys: Sequence[K], amounts: ArrayLike) -> Grouped[K]:
    """Add amounts up by key.

    Parameters
    ----------
    keys
        One key an amount, shape (n,); an amount without a group has a key of its own, such as "".
    amounts
        Profit, contributions to a return, or costs, in one unit, shape (n,); NaN is refused.

    Returns
    -------
    Grouped
        Sums are rounded once, so that the order of the amounts does not matter and the parts add up
        to the total within one rounding each.
    """
    array = finite(amounts, "amounts")
    if len(keys) != len(array):
        raise InvalidField("keys", f"must be as many as amounts, {len(array)}, are {len(keys)}")
    found: defaultdict[K, list[float]] = defaultdict(list)
    for key, amount in zip(keys, array.tolist(), strict=True):
        found[key].append(amount)
    return _grouped(found, math.fsum(array))


def _grouped[K: Hashable](found: Mapping[K, list[float]], total: float) -> Grouped[K]:
    parts = []
    for key, amounts in found.items():
        amount = math.fsum(amounts)
        parts.append(Part(key, amount, len(amounts), amount / total if total else None))
    # Keys of equal magnitude keep the order in which they came first.
    return Grouped(tuple(sorted(parts, key=lambda part: -abs(part.amount))), total)


def weekdays(times_ns: NDArray[np.int64], utc_offset_s: ArrayLike = 0) -> NDArray[np.int64]:
    """Return the day of the week of each time, Monday 0 to Sunday 6.

    Parameters
    ----------
    times_ns
        Nanoseconds since 1970 UTC, shape (n,).
    utc_offset_s
        What local time is ahead of UTC, in seconds: one number, or one a time where clocks change.
    """
    days = _local_seconds(times_ns, utc_offset_s) // (24 * SECONDS_AN_HOUR)
    return (days + EPOCH_WEEKDAY) % DAYS_A_WEEK


def hours(times_ns: NDArray[np.int64], utc_offset_s: ArrayLike = 0) -> NDArray[np.int64]:
    """Return the hour of the day of each time, 0 to 23; parameters are those of ``weekdays``."""
    return _local_seconds(times_ns, utc_offset_s) // SECONDS_AN_HOUR % 24


def _local_seconds(times_ns: NDArray[np.int64], utc_offset_s: ArrayLike) -> NDArray[np.int64]:
    seconds = np.asarray(times_ns, dtype=np.int64) // NS_A_SECOND
    return seconds + np.asarray(utc_offset_s, dtype=np.int64)
