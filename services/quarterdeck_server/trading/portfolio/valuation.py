"""Vectorised revaluation: every position at its mark, summed by currency."""

from dataclasses import dataclass

import numpy as np

from quarterdeck_server.trading.portfolio.table import Floats, Rows


@dataclass(frozen=True, slots=True)
class Worth:
    """What each position is worth in its currency; NaN where it has no mark."""

    unrealised: Floats
    market_value: Floats
    exposure: Floats


@dataclass(frozen=True, slots=True)
class CurrencySums:
    """The sums of each currency; NaN where one of its open positions has no mark."""

    unrealised: Floats
    market_value: Floats
    gross_exposure: Floats
    net_exposure: Floats


def revalue(rows: Rows, units: Floats) -> Worth:
    """Value positions at the unit values of their slots."""
    worth = rows.quantity * units.take(rows.slot)
    if rows.is_plain:
        return Worth(unrealised=worth - rows.cost, market_value=worth, exposure=worth)
    return Worth(
        unrealised=worth - rows.cost,
        market_value=worth - rows.margined * rows.cost,
        exposure=worth * rows.direction,
    )


def currency_sums(rows: Rows, worth: Worth, currencies: int) -> CurrencySums:
    """Sum positions by currency, in the order of the rows."""

    def total(values: Floats) -> Floats:
        if currencies == 1:  # several times faster, and the usual case
            return np.array([values.sum()])
        return np.bincount(rows.currency, weights=values, minlength=currencies)

    market_value = total(worth.market_value)
    return CurrencySums(
        unrealised=total(worth.unrealised),
        market_value=market_value,
        gross_exposure=total(np.abs(worth.exposure)),
        net_exposure=market_value if rows.is_plain else total(worth.exposure),
    )
