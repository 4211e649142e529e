"""Quotes within a bar: made up, but from its four prices, and always the same ones.

The middle price starts at the open, goes to one extreme, to the other, and ends at the close. Which
extreme comes first, and when, is drawn from a generator seeded with the instrument and the bar's
close time. Between those four points it follows a line with a little noise that never leaves the
bar. The spread is one or two price increments, sizes are round lots.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from quarterdeck_server.marketdata.domain.columns import Ints

NOISE = 0.06
LOT = 100
MAX_LOTS = 20
MAX_SPREAD = 2


@dataclass(frozen=True, slots=True)
class Ticks:
    """The four prices of a bar in increments."""

    open: int
    high: int
    low: int
    close: int


@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    """Best bids and offers in increments, sizes in units."""

    bid: Ints
    ask: Ints
    bid_size: Ints
    ask_size: Ints


def generator(instrument: str, close_ns: int) -> np.random.Generator:
    """Return the generator of one bar."""
    digest = hashlib.blake2b(f"{instrument}|{close_ns}".encode(), digest_size=8).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest)))


def derive(ticks: Ticks, count: int, random: np.random.Generator) -> Derived:
    """Derive quotes whose middle follows the path of the bar."""
    middle = middles(ticks, count, random)
    spread = random.integers(1, MAX_SPREAD, count, endpoint=True)
    # A price of zero is no price: where the bar is that low, the spread opens upward.
    bid = np.maximum(middle - spread // 2, min(1, ticks.low))
    lots = random.integers(1, MAX_LOTS, (2, count), endpoint=True) * LOT
    return Derived(bid, bid + spread, lots[0], lots[1])


def middles(ticks: Ticks, count: int, random: np.random.Generator) -> Ints:
    """Return the path of the middle price: from open to close, touching high and low."""
    places, prices = _corners(ticks, count, random)
    line = np.interp(np.arange(count), places, prices)
    noise = random.normal(0.0, NOISE * (ticks.high - ticks.low), count)
    path = np.clip(np.rint(line + noise), ticks.low, ticks.high).astype(np.int64)
    path[places] = prices
    return path


def _corners(ticks: Ticks, count: int, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Return where the four prices stand; with fewer than four quotes the last of them count."""
    extremes = [ticks.low, ticks.high] if random.random() < 0.5 else [ticks.high, ticks.low]  # noqa: PLR2004
    prices = np.array([ticks.open, *extremes, ticks.close], dtype=np.int64)
    if count < len(prices):
        return np.arange(count), prices[-count:]
    turns = np.sort(random.choice(np.arange(1, count - 1), 2, replace=False))
    return np.array([0, *turns, count - 1]), prices
