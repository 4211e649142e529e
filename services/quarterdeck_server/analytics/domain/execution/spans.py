"""From when to when prices are needed: around the orders, and not many times."""

from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.domain.execution.asking import Manner
from quarterdeck_server.analytics.domain.execution.market import DAY_NS, Quotes
from quarterdeck_server.analytics.domain.execution.orders import Orders
from quarterdeck_server.kernel.time import LATEST_NS
from quarterdeck_server.quant.execution.benchmark import Bools, Times, last_prices
from quarterdeck_server.quant.execution.spread import HORIZONS_NS, SECOND_NS

NEAR_NS = 10 * SECOND_NS
"""Where most instruments have a quote: older ones are looked for where there is none."""
LONG_NS = 6 * 3600 * SECOND_NS
"""Averages over longer lives are taken from bars."""
MOST_SPANS = 50
REALISED_NS = HORIZONS_NS[-1]

type Span = tuple[int, int]
"""From a time up to and including another."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Moments at which a price is needed, and lives over which prices are averaged."""

    edges_ns: Times
    """When orders were sent and ended."""
    after_ns: Times
    """When fills happened, and their horizons: of these, quotes alone tell the price."""
    lives: tuple[Times, Times]

    @property
    def moments_ns(self) -> Times:
        """All moments."""
        return np.concatenate((self.edges_ns, self.after_ns))

    def quotes(self) -> list[Span]:
        """Return where quotes are read first."""
        (starts, ends), moments_ns = self.lives, self.moments_ns
        before = np.maximum(moments_ns - NEAR_NS, 0)
        return merged(np.concatenate((before, starts)), np.concatenate((moments_ns, ends)))

    def older_quotes(self, found: Quotes, most_age_ns: int) -> list[Span]:
        """Return where quotes are read next: before moments that have none near them."""
        near_ns = min(NEAR_NS, most_age_ns)
        moments = _without_price(self.moments_ns, found, near_ns)
        ends = np.maximum(moments - near_ns - 1, 0)
        starts = np.maximum(moments - most_age_ns, 0)
        return merged(starts[starts < ends], ends[starts < ends])

    def trades(self, found: Quotes, most_age_ns: int) -> list[Span]:
        """Return where trades are read: over lives, and before edges that have no quote."""
        moments, (starts, ends) = _without_price(self.edges_ns, found, most_age_ns), self.lives
        before = np.maximum(moments - most_age_ns, 0)
        return merged(np.concatenate((starts, before)), np.concatenate((ends, moments)))


def needs(orders: Orders, manner: Manner) -> Needs:
    """Return what the costs of orders in one instrument need."""
    sent, ends = orders.sent_ns[orders.is_sent], orders.life_end_ns[orders.is_sent]
    fills = orders.fills.time_ns
    horizons = {0, REALISED_NS, *manner.horizons_ns}
    after = [later(fills, horizon) for horizon in horizons]
    short = (ends > sent) & (ends - sent <= LONG_NS)
    lives = (sent[short], ends[short])
    return Needs(np.concatenate((sent, ends)), np.concatenate(after), lives)


def _without_price(moments_ns: Times, found: Quotes, most_age_ns: int) -> Times:
    return moments_ns[np.isnan(last_prices(found.time_ns, found.price, moments_ns, most_age_ns))]


def bar_spans(orders: Orders, lacking: Bools, span_ns: int, most_age_ns: int) -> list[Span]:
    """Return where the closes of bars lie that may stand in for ticks that are lacking."""
    starts = np.maximum(orders.sent_ns[lacking] - most_age_ns, 0)
    return merged(starts, later(orders.life_end_ns[lacking], span_ns))


def day_span(orders: Orders) -> list[Span]:
    """Return the span of the days on which orders were sent, in UTC, by the closes of days."""
    sent = orders.sent_ns[orders.is_sent]
    if not len(sent):
        return []
    first, last = int(sent.min()) // DAY_NS, int(orders.life_end_ns.max()) // DAY_NS
    # A bar that closes at midnight is of the day before.
    return [(first * DAY_NS + 1, (last + 1) * DAY_NS)]


def later(moments_ns: Times, span_ns: int) -> Times:
    """Return the moments a while later, but none after the last that can be written."""
    return np.minimum(moments_ns, LATEST_NS - span_ns) + span_ns


def merged(starts_ns: Times, ends_ns: Times, most: int = MOST_SPANS) -> list[Span]:
    """Join spans that touch, and then those with the smallest gaps until they are few."""
    if not len(starts_ns):
        return []
    order = np.argsort(starts_ns)
    starts, reach = starts_ns[order], np.maximum.accumulate(ends_ns[order])
    gaps = starts[1:] - reach[:-1]
    cuts = np.flatnonzero(gaps > 0)
    widest = np.argsort(gaps[cuts])[max(0, len(cuts) - most + 1) :]
    cuts = np.sort(cuts[widest])
    firsts = np.concatenate(([0], cuts + 1))
    lasts = np.concatenate((cuts, [len(starts) - 1]))
    return list(zip(starts[firsts].tolist(), reach[lasts].tolist(), strict=True))
