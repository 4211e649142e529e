"""Implementation shortfall: what the paper portfolio made and the real one did not.

Of one order, or of many in columns: index i of each is one order.
"""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.series import FloatArray, finite, finite_number, paired, positive

SLACK = 1e-9
"""How far, relatively, fills may exceed the ordered quantity."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it was decided.

    Attributes
    ----------
    side
        +1 for a purchase, -1 for a sale.
    quantity
        What was ordered, above zero.
    decision_price
        The price when it was decided to trade: the paper portfolio trades there.
    arrival_price
        The price when the order reached the market.
    end_price
        The price when the order ended, at which what was missed is valued; needed if anything was.
    fees
        Explicit costs: commissions, taxes.
    """

    side: int
    quantity: float
    decision_price: float
    arrival_price: float
    end_price: float | None = None
    fees: float = 0.0

    def __post_init__(self) -> None:
        check_side(self.side)
        for name in ("quantity", "decision_price", "arrival_price"):
            if finite_number(getattr(self, name), name) <= 0:
                raise InvalidField(name, f"must be above zero, was {getattr(self, name)}")
        finite_number(self.fees, "fees")
        if self.end_price is not None:
            finite_number(self.end_price, "end_price")


@dataclass(frozen=True, slots=True)
class Shortfall:
    """The parts of a shortfall as amounts; ``total`` is paper less real profit.

    Attributes
    ----------
    explicit
        Fees.
    delay
        What the price did between decision and arrival, on what was filled.
    trading
        What the fills cost against the arrival price.
    opportunity
        What the price did until the end, on what was not filled.
    paper
        The ordered value at the decision price, the divisor of all parts in basis points.
    filled
        The quantity that was filled.
    """

    explicit: float
    delay: float
    trading: float
    opportunity: float
    paper: float
    filled: float

    @property
    def total(self) -> float:
        """The sum of the parts."""
        return self.explicit + self.delay + self.trading + self.opportunity

    def bps(self, amount: float) -> float:
        """Return an amount in basis points of the paper value."""
        return amount / self.paper * 1e4


@dataclass(frozen=True, slots=True)
class Shortfalls:
    """The parts of shortfalls as amounts, shape (n,) all; NaN where a price is missing."""

    explicit: FloatArray
    delay: FloatArray
    trading: FloatArray
    opportunity: FloatArray
    paper: FloatArray
    """The ordered values at the decision prices."""

    @property
    def total(self) -> FloatArray:
        """The sums of the parts."""
        return self.explicit + self.delay + self.trading + self.opportunity


@dataclass(frozen=True, slots=True)
class OrderColumns:
    """Orders as they were decided, and what became of them, shape (n,) all.

    Attributes
    ----------
    sides
        +1 for a purchase, -1 for a sale.
    quantities, filled
        Ordered and filled, above zero and from zero.
    decision_prices, arrival_prices, end_prices
        NaN where they are not known.
    average_prices
        Of the fills; NaN without one.
    fees
        Explicit costs.
    """

    sides: FloatArray
    quantities: FloatArray
    filled: FloatArray
    decision_prices: FloatArray
    arrival_prices: FloatArray
    end_prices: FloatArray
    average_prices: FloatArray
    fees: FloatArray


def implementation_shortfall(
    order: Order, fill_prices: ArrayLike, fill_quantities: ArrayLike
) -> Shortfall:
    """Take an order's shortfall apart.

    Parameters
    ----------
    order
        The order.
    fill_prices, fill_quantities
        Its fills, shape (j,), quantities above zero, in sum at most the order's; NaN is refused.

    Notes
    -----
    s side, Q ordered, q_j at p_j filled, P_d, P_a, P_n decision, arrival and end price:
    delay = s Σq (P_a - P_d), trading = s Σ q_j (p_j - P_a), opportunity = s (Q - Σq)(P_n - P_d).
    Perold (1988); Wagner and Edwards (1993) for the parts.
    """
    prices, quantities = checked_fills(fill_prices, fill_quantities)
    filled = float(quantities.sum())
    _check_filled(order, filled)
    columns = OrderColumns(
        sides=np.array([order.side], np.float64),
        quantities=np.array([order.quantity]),
        filled=np.array([filled]),
        decision_prices=np.array([order.decision_price]),
        arrival_prices=np.array([order.arrival_price]),
        end_prices=np.array([order.end_price], np.float64),
        average_prices=np.array([np.dot(prices, quantities) / filled if filled else np.nan]),
        fees=np.array([order.fees]),
    )
    parts = {name: float(column[0]) for name, column in asdict(shortfalls(columns)).items()}
    return Shortfall(**parts, filled=filled)


def shortfalls(orders: OrderColumns) -> Shortfalls:
    """Take the shortfalls of orders apart.

    Notes
    -----
    Those of ``implementation_shortfall``; NaN where a price is not known that is needed. Where
    that of the decision is not, the arrival price is taken for it, and the delay is 0.
    """
    decision = np.where(
        np.isnan(orders.decision_prices), orders.arrival_prices, orders.decision_prices
    )
    missed = orders.quantities - orders.filled
    missed = np.where(missed > SLACK * orders.quantities, missed, 0.0)
    arrival, sides = orders.arrival_prices, orders.sides

    def cost(quantities: FloatArray, after: FloatArray, before: FloatArray) -> FloatArray:
        # Where nothing is filled, or missed, its price need not be known.
        return sides * quantities * np.where(quantities > 0, after - before, 0.0)

    return Shortfalls(
        explicit=orders.fees,
        delay=cost(orders.filled, arrival, decision),
        trading=cost(orders.filled, orders.average_prices, arrival),
        opportunity=cost(missed, orders.end_prices, decision),
        paper=orders.quantities * decision,
    )


def checked_fills(prices: ArrayLike, quantities: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return fills as arrays, or refuse lengths that differ and quantities not above zero."""
    paid, sizes = finite(prices, "prices"), finite(quantities, "quantities")
    paired(paid, sizes, ("prices", "quantities"))
    return paid, positive(sizes, "quantities")


def check_side(side: int) -> int:
    """Return a side, or refuse what is neither +1 nor -1."""
    if side not in {1, -1}:
        raise InvalidField("side", f"must be 1 or -1, was {side}")
    return side


def _check_filled(order: Order, filled: float) -> None:
    missed, slack = order.quantity - filled, SLACK * order.quantity
    if missed < -slack:
        raise InvalidField("quantities", f"add up to {filled}, more than the ordered quantity")
    if missed > slack and order.end_price is None:
        raise InvalidField("end_price", "is needed where something was not filled")
