"""What single orders cost."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.domain.execution.asking import Manner
from quarterdeck_server.analytics.domain.execution.costs import Costs, costs
from quarterdeck_server.analytics.domain.execution.market import Market
from quarterdeck_server.analytics.domain.execution.orders import Orders
from quarterdeck_server.analytics.domain.execution.pricing import Priced, priced
from quarterdeck_server.analytics.domain.execution.quality import shortfall_parts
from quarterdeck_server.quant.estimate import Estimate
from quarterdeck_server.quant.series import FloatArray


@dataclass(frozen=True, slots=True)
class Slippages:
    """Orders, what they were held against, and what they cost."""

    orders: Orders
    prices: Priced
    costs: Costs

    def estimate(self, name: str, place: int) -> Estimate:
        """Return a cost of an order, for example "arrival"."""
        column: FloatArray = getattr(self.costs, name)
        value = float(column[place])
        return Estimate.insufficient(0, 1) if np.isnan(value) else Estimate.of(value, 1)

    def shortfall(self, place: int) -> dict[str, Estimate]:
        """Return the parts of an order's shortfall."""
        alone = np.arange(len(self.orders)) == place
        return shortfall_parts(self.costs.shortfall, self.costs.is_decided, alone)


def slippages(orders: Orders, markets: Mapping[str, Market], manner: Manner) -> Slippages:
    """Hold each order against its reference prices."""
    prices = priced(orders, markets, manner)
    return Slippages(orders, prices, costs(orders, prices))
