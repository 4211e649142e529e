"""What each order and each fill cost."""

from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.domain.execution.orders import Orders
from quarterdeck_server.analytics.domain.execution.pricing import Priced
from quarterdeck_server.quant.execution.benchmark import Bools
from quarterdeck_server.quant.execution.shortfall import OrderColumns, Shortfalls, shortfalls
from quarterdeck_server.quant.series import FloatArray

BPS = 1e4
PARTS = ("explicit", "delay", "trading", "opportunity", "total")
"""Of a shortfall."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs in basis points and their weights, by order and by fill; NaN where unknown."""

    notional: FloatArray
    """The traded value of each order in the currency of its instrument."""
    arrival: FloatArray
    vwap: FloatArray
    twap: FloatArray
    close: FloatArray
    participation: FloatArray
    shortfall: Shortfalls
    """In the currency, NaN for orders that did not end or have a fee in another one."""
    is_decided: Bools
    """Whether the log knows at which price an order was decided."""
    has_foreign_fee: Bools
    """By fill."""
    fill_notional: FloatArray
    effective: FloatArray
    realised: FloatArray
    moves: FloatArray
    """What the market did until each horizon, shape (m, h)."""

    def part(self, name: str) -> FloatArray:
        """Return a part of each order's shortfall, NaN where the whole is not known.

        Without a price at which it was decided there is no delay to speak of, and none in the sum.
        """
        known = ~np.isnan(self.shortfall.total) & (self.shortfall.paper > 0)
        if name == "delay":
            known &= self.is_decided
        return np.where(known, getattr(self.shortfall, name), np.nan)


def costs(orders: Orders, prices: Priced) -> Costs:
    """Hold orders against their reference prices."""
    fills = orders.fills
    sides = orders.side[fills.order]
    middle = _above_zero(prices.fill_mid)
    foreign = _is_foreign(orders, prices)
    values = _values(fills.price, prices, fills.order) * fills.quantity
    base = _above_zero(fills.price)[:, None]
    moved = sides[:, None] * (prices.horizon_mids - base) / base
    return Costs(
        notional=np.bincount(fills.order, values, minlength=len(orders)).astype(np.float64),
        arrival=_slippage(orders, prices.arrival),
        vwap=_slippage(orders, prices.vwap),
        twap=_slippage(orders, prices.twap),
        close=_slippage(orders, prices.close),
        participation=_participation(orders, prices.market),
        shortfall=_shortfall(orders, prices, foreign),
        is_decided=~np.isnan(orders.decision_price),
        has_foreign_fee=foreign,
        fill_notional=values,
        effective=2 * BPS * sides * (fills.price - middle) / middle,
        realised=2 * BPS * sides * (fills.price - prices.realised_mid) / middle,
        moves=BPS * moved,
    )


def _slippage(orders: Orders, benchmark: FloatArray) -> FloatArray:
    base = _above_zero(benchmark)
    return BPS * orders.side * (orders.average_price - base) / base


def _participation(orders: Orders, others: FloatArray) -> FloatArray:
    traded = orders.filled > 0
    share = np.full(len(orders), np.nan)
    share[traded] = orders.filled[traded] / (orders.filled + others)[traded]
    return share


def _shortfall(orders: Orders, prices: Priced, foreign: Bools) -> Shortfalls:
    arrival = _above_zero(prices.arrival)
    decision = np.where(np.isnan(orders.decision_price), arrival, orders.decision_price)
    # A cost in price becomes one in currency; of an inverse contract to first order.
    scale = np.where(prices.is_inverse, prices.multiplier / decision**2, prices.multiplier)
    is_odd = np.bincount(orders.fills.order, foreign, minlength=len(orders)) > 0
    counts = orders.is_sent & orders.is_ended & ~is_odd & (orders.quantity > 0)
    found = shortfalls(
        OrderColumns(
            sides=orders.side,
            quantities=np.where(counts, orders.quantity, np.nan),
            filled=orders.filled,
            decision_prices=orders.decision_price,
            arrival_prices=arrival,
            end_prices=prices.end,
            average_prices=orders.average_price,
            fees=orders.fees,
        )
    )
    return Shortfalls(
        explicit=found.explicit,
        delay=found.delay * scale,
        trading=found.trading * scale,
        opportunity=found.opportunity * scale,
        paper=found.paper * scale,
    )


def _is_foreign(orders: Orders, prices: Priced) -> Bools:
    fills = orders.fills
    charged = np.nan_to_num(fills.fee) != 0
    return np.asarray(charged & (fills.fee_currency != prices.currency[fills.order]))


def _values(price: FloatArray, prices: Priced, order: np.ndarray) -> FloatArray:
    """Return the value of a unit at a price: of an inverse contract in its base currency."""
    multiplier, inverse = prices.multiplier[order], prices.is_inverse[order]
    known = _above_zero(np.abs(price))
    return np.asarray(np.nan_to_num(np.where(inverse, multiplier / known, multiplier * known)))


def _above_zero(values: FloatArray) -> FloatArray:
    return np.where(values > 0, values, np.nan)
