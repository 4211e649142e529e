"""Average prices over the lives of orders: from ticks, and from bars where there are none."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.domain.execution.market import (
    Bars,
    Market,
    Source,
    Sources,
)
from quarterdeck_server.analytics.domain.execution.orders import Orders
from quarterdeck_server.analytics.domain.execution.spans import LONG_NS
from quarterdeck_server.quant.execution.benchmark import (
    Bools,
    average_prices,
    time_weighted_prices,
)
from quarterdeck_server.quant.execution.shortfall import SLACK
from quarterdeck_server.quant.series import FloatArray
from quarterdeck_server.quant.windows import Places, sums_between

MOST_BAR_TIME = 4
"""How many times as long as a life the bars may be that tell its average.

A quarter of a day is about a session of a stock exchange, and of a minute 15 s.
"""


class Lives:
    """The lives of orders in one instrument, and what the market did meanwhile."""

    def __init__(self, orders: Orders, market: Market, most_age_ns: int) -> None:
        self._orders, self._market, self._most_age_ns = orders, market, most_age_ns
        self._starts, self._ends = orders.sent_ns, orders.life_end_ns
        # Longer lives were not read tick by tick.
        self._short = orders.is_sent & (self._ends - self._starts <= LONG_NS)

    def allow(self, span_ns: int) -> Bools:
        """Tell which lives are long enough for a bar to tell their averages."""
        return np.asarray(self._ends - self._starts >= span_ns / MOST_BAR_TIME)

    def vwap(self) -> tuple[FloatArray, Sources, FloatArray]:
        """Return the average prices of what others traded, their sources, and how much it was."""
        found, volume = self._of_others()
        source = np.where(np.isnan(found), Source.NONE, Source.TRADES).astype(np.int8)
        for bars in self._market.bars:
            missing = np.isnan(found) & self._orders.is_sent
            inside = self._covered(bars, missing)
            total = inside.sum(bars.volume)
            # A venue's bars hold the own fills: what is left are the others'.
            others = total - self._orders.filled[missing]
            known = np.where(others > SLACK * total, total, np.nan)
            found[missing] = inside.sum(bars.typical * bars.volume) / known
            volume[missing] = np.where(np.isnan(known), np.nan, others)
            source[missing & ~np.isnan(found)] = Source.BARS
        return found, source, volume

    def twap(self) -> tuple[FloatArray, Sources]:
        """Return the time-weighted prices, and their sources."""
        quotes = self._market.quotes
        found = time_weighted_prices(
            quotes.time_ns, quotes.price, self._starts, self._ends, self._most_age_ns
        )
        found[~self._short] = np.nan
        source = np.where(np.isnan(found), Source.NONE, Source.QUOTES).astype(np.int8)
        for bars in self._market.bars:
            missing = np.isnan(found) & self._orders.is_sent
            inside = self._covered(bars, missing)
            found[missing] = inside.sum(bars.close) / _above_zero(inside.count)
            source[missing & ~np.isnan(found)] = Source.BARS
        return found, source

    def _of_others(self) -> tuple[FloatArray, FloatArray]:
        """Return what the trades of others cost on average and add up to, by recorded trades."""
        trades = self._market.trades
        average, volume = average_prices(
            trades.time_ns, trades.price, trades.size, self._starts, self._ends
        )
        order, place = np.array([*self._own()], np.intp).reshape(-1, 2).T
        price, size = trades.price[place], trades.size[place]
        own = np.bincount(order, size, minlength=len(average))
        # By their distance from the average, so that many trades keep their digits.
        cost = np.bincount(order, (price - average[order]) * size, minlength=len(average))
        others = volume - own
        others[~self._short | (others <= SLACK * volume)] = np.nan
        return average - cost / others, others

    def _own(self) -> Iterator[tuple[int, int]]:
        """Yield the places of orders and of their own trades among the market's."""
        trades, fills = self._market.trades, self._orders.fills
        if trades.trade_id is None:
            return
        wanted = {*fills.trade_id.tolist()} - {""}
        places = defaultdict[str, list[int]](list)
        for place, name in enumerate(trades.trade_id.tolist()):
            if name in wanted:
                places[name].append(place)
        firsts, lasts = (np.searchsorted(trades.time_ns, e) for e in (self._starts, self._ends))
        for order, name in zip(fills.order.tolist(), fills.trade_id.tolist(), strict=True):
            # Venues begin their numbers anew: it is the trade of that name in the order's life.
            same = places.get(name, [])
            within = slice(*(bisect_left(same, edge[order]) for edge in (firsts, lasts)))
            yield from ((order, place) for place in same[within])

    def _covered(self, bars: Bars, chosen: Bools) -> "_Inside":
        """Return the bars in which each chosen order lived, if they are not far longer than it."""
        starts, ends = self._starts[chosen], self._ends[chosen]
        first = np.searchsorted(bars.close_ns, starts, side="right")
        last = np.searchsorted(bars.close_ns - bars.span_ns, ends)
        too_long = (last - first) * bars.span_ns / MOST_BAR_TIME > ends - starts
        return _Inside(first, np.where(too_long, first, np.maximum(first, last)))


@dataclass(frozen=True, slots=True)
class _Inside:
    """Runs of rows, from a place up to but without another."""

    first: Places
    last: Places

    @property
    def count(self) -> FloatArray:
        return (self.last - self.first).astype(np.float64)

    def sum(self, values: FloatArray) -> FloatArray:
        return sums_between(values, self.first, self.last)


def _above_zero(values: FloatArray) -> FloatArray:
    return np.where(values > 0, values, np.nan)
