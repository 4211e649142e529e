"""What own orders did to prices, and what a planned one will."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.domain.execution.costs import BPS
from quarterdeck_server.analytics.domain.execution.market import DAY_NS, Days
from quarterdeck_server.analytics.domain.execution.slippage import Slippages
from quarterdeck_server.quant.estimate import Estimate, Unmeasured
from quarterdeck_server.quant.execution.impact import (
    ImpactFit,
    fit_square_root,
    square_root_impact,
)

DAYS = 20
"""How many days before an order its volume and volatility are taken of."""
NEEDED_DAYS = 3
OLDEST_DAYS = 60
"""How long before it they may be, holidays and all."""


@dataclass(frozen=True, slots=True)
class Impact:
    """The law, how many filled orders it could not use, and what the planned order will cost."""

    fit: ImpactFit | Unmeasured
    missing: int
    planned_bps: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """An order that is planned: of an instrument, and how much."""

    instrument: str
    quantity: float


def impact(found: Slippages, days: Mapping[str, Days], plan: Plan | None, end_ns: int) -> Impact:
    """Fit the square-root law to the filled orders; the plan is carried out by ``end_ns``."""
    orders = found.orders
    used = []
    filled = np.flatnonzero((orders.filled > 0) & orders.is_sent).tolist()
    for place in filled:
        known = usual(days[orders.instrument[place]], int(orders.sent_ns[place]))
        cost = float(found.costs.arrival[place])
        if known is not None and not np.isnan(cost):
            used.append((cost / BPS, float(orders.filled[place]), *known))
    law = fit_square_root(*np.array(used).reshape(-1, 4).T)
    planned = None if plan is None else _planned(law, days.get(plan.instrument), plan, end_ns)
    return Impact(law, len(filled) - len(used), planned)


def _planned(law: ImpactFit | Unmeasured, days: Days | None, plan: Plan, end_ns: int) -> Estimate:
    if isinstance(law, Unmeasured):
        return Estimate.insufficient(law.count, law.needed)
    # A replay lives in another year: the newest days that are known are those before the plan.
    known = None if days is None else usual(days, min(end_ns, days.end_ns))
    if known is None:
        return Estimate.insufficient(0, NEEDED_DAYS)
    return Estimate.of(BPS * square_root_impact(plan.quantity, *known, law.coefficient), law.count)


def usual(days: Days, moment_ns: int) -> tuple[float, float] | None:
    """Return mean volume and volatility of the days before a moment, if there are enough."""
    day = np.datetime64(moment_ns // DAY_NS, "D")
    edges = (day - np.timedelta64(OLDEST_DAYS, "D"), day)
    oldest, last = (int(np.searchsorted(days.dates, edge)) for edge in edges)
    first = max(oldest, last - DAYS)
    close, volume = (each[first:last] for each in (days.close, days.volume))
    if len(close) < NEEDED_DAYS or close.min() <= 0:
        return None
    traded, deviation = float(volume.mean()), float(np.std(np.diff(close) / close[:-1], ddof=1))
    return (traded, deviation) if traded > 0 and deviation > 0 else None
