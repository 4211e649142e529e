"""Ticks folded into bars of a fixed length, many instruments at once and no Python per tick.

A candle knows the keys of its first and its last tick. So two candles of the same time can be
merged, in whichever order their ticks came, and the result is what all ticks together give.
"""

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.kernel.time import NS
from quarterdeck_server.marketdata.domain.columns import Floats, Ints

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
LENGTHS_S = (MINUTE_S, HOUR_S, DAY_S)
"""The lengths that are kept, each a multiple of the one before."""


class BarOrigin(IntEnum):
    """What bars are made from; values are those of the contract, in the order of preference."""

    RECORDED = 1
    SMALLER_BARS = 2
    TRADES = 3
    QUOTES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Ticks:
    """Prices with their keys in columns; prices and volumes scaled as in the tables."""

    instrument: Ints
    event_time_ns: Ints
    epoch: Ints
    sequence: Ints
    price: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.instrument)

    def in_order(self) -> "Ticks":
        """Return them by instrument, then by their key."""
        keys = (self.sequence, self.epoch, self.event_time_ns, self.instrument)
        if _ascends(keys[::-1]):
            return self
        order = np.lexsort(keys)
        return Ticks(*(getattr(self, field.name)[order] for field in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Candles:
    """Bars of one length in columns, with the keys of their first and last ticks."""

    instrument: Ints
    close_time_ns: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    first_time_ns: Ints
    first_epoch: Ints
    first_sequence: Ints
    last_time_ns: Ints
    last_epoch: Ints
    last_sequence: Ints

    def __len__(self) -> int:
        return len(self.instrument)


def fold(ticks: Ticks, seconds: int) -> Candles:
    """Fold ticks that are in order. A tick at the very end of a bar belongs to the next one."""
    length_ns = seconds * NS
    bucket = ticks.event_time_ns // length_ns
    starts = _starts(ticks.instrument, bucket)
    lasts = np.append(starts[1:], len(ticks)) - 1
    return Candles(
        instrument=ticks.instrument[starts],
        close_time_ns=(bucket[starts] + 1) * length_ns,
        open=ticks.price[starts],
        high=np.maximum.reduceat(ticks.price, starts),
        low=np.minimum.reduceat(ticks.price, starts),
        close=ticks.price[lasts],
        volume=np.add.reduceat(ticks.volume, starts),
        first_time_ns=ticks.event_time_ns[starts],
        first_epoch=ticks.epoch[starts],
        first_sequence=ticks.sequence[starts],
        last_time_ns=ticks.event_time_ns[lasts],
        last_epoch=ticks.epoch[lasts],
        last_sequence=ticks.sequence[lasts],
    )


def _starts(instrument: Ints, bucket: Ints) -> NDArray[np.intp]:
    changes = (np.diff(instrument) != 0) | (np.diff(bucket) != 0)
    return np.concatenate(([0], np.flatnonzero(changes) + 1))


def _ascends(keys: tuple[Ints, ...]) -> bool:
    """Tell whether rows are in the order of their keys, the first key counting most."""
    undecided = np.ones(max(len(keys[0]) - 1, 0), dtype=np.bool_)
    for key in keys:
        step = np.diff(key)
        if (undecided & (step < 0)).any():
            return False
        undecided &= step == 0
    return True
