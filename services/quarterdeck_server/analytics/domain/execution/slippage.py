"""What single orders cost."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.domain.execution.asking import Manner
from quarterdeck_server.analytics.domain.execution.costs import BPS, PARTS, Costs, costs
from quarterdeck_server.analytics.domain.execution.market import Market
from quarterdeck_server.analytics.domain.execution.orders import Orders
from quarterdeck_server.analytics.domain.execution.pricing import Priced, priced
from quarterdeck_server.quant.estimate import Estimate
from quarterdeck_server.quant.series import FloatArray


@dataclass(frozen=True, slots=True)
class Slippages:
    """Orders, what they were held against, and what they cost."""

    orders: Orders
    prices: Priced
    costs: Costs
    shortfalls: Mapping[str, FloatArray]
    """The parts of each order's shortfall in basis points; NaN where not known."""

    def estimate(self, name: str, place: int) -> Estimate:
        """Return a cost of an order, for example "arrival"."""
        return _estimate(getattr(self.costs, name)[place])

    def shortfall(self, place: int) -> dict[str, Estimate]:
        """Return the parts of an order's shortfall."""
        return {name: _estimate(column[place]) for name, column in self.shortfalls.items()}


def slippages(orders: Orders, markets: Mapping[str, Market], manner: Manner) -> Slippages:
    """Hold each order against its reference prices."""
    prices = priced(orders, markets, manner)
    found = costs(orders, prices)
    base = np.where(found.shortfall.paper > 0, found.shortfall.paper, np.nan)
    return Slippages(orders, prices, found, {n: BPS * found.part(n) / base for n in PARTS})


def _estimate(value: float) -> Estimate:
    return Estimate.insufficient(0, 1) if np.isnan(value) else Estimate.of(value, 1)
