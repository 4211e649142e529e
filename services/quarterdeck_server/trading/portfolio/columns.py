"""Positions as columns of scaled integers, for answers with many rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.kernel.money import exact, rounded
from quarterdeck_server.trading.portfolio.events import PositionKey
from quarterdeck_server.trading.portfolio.holding import Holding
from quarterdeck_server.trading.portfolio.table import Floats, Indices, Rows
from quarterdeck_server.trading.portfolio.valuation import revalue

type Integers = NDArray[np.int64]

MONEY_SCALE = 8
"""Decimals of money in columns, fewer if the largest amount would not fit."""

AVERAGE_EXTRA_DECIMALS = 4
"""Decimals of prices beyond those of the finest instrument, for averages and middles."""

MAX_SCALE = 18
_KEY, _CURRENCY = attrgetter("key"), attrgetter("instrument.currency")
_EXACT_LIMIT = 2.0**50  # below it a float64 times its scale rounds to the right integer
_INTEGER_LIMIT = 2.0**62


@dataclass(frozen=True, slots=True)
class PositionColumns:
    """Index i of every column is one position; money is in its currency.

    An integer divided by ten to its scale is the value. A scale is below zero only if a value is
    beyond 4.6e18. Quantities, realised profit, fees and income are exact up to their scale; fees
    and income are those in the position's currency. Where ``is_marked`` is false there is no
    price: ``mark``, ``market_value`` and ``unrealised`` hold 0 there and mean nothing.
    ``average_price`` of a flat position holds 0.
    """

    quantity_scale: int
    price_scale: int
    money_scale: int
    keys: tuple[PositionKey, ...]
    currencies: tuple[str, ...]
    is_marked: NDArray[np.bool_]
    quantity: Integers
    average_price: Integers
    mark: Integers
    market_value: Integers
    unrealised: Integers
    realised: Integers
    fees: Integers
    income: Integers


def position_columns(
    holdings: Sequence[Holding], rows: Rows, prices: Floats, units: Floats
) -> PositionColumns:
    """Scale positions, valued at the board's prices; ``rows`` are those of the holdings."""
    worth = revalue(rows, units)
    is_marked = ~np.isnan(worth.unrealised)
    mark, market_value, unrealised = (
        np.where(is_marked, values, 0.0)
        for values in (prices[rows.slot], worth.market_value, worth.unrealised)
    )
    average = _average_price(rows)
    quantity_scale = _fitting(_whole(rows.quantity, _finest(rows.size_precision)), rows.quantity)
    price_scale = _fitting(_price_scale(rows), average, mark)
    money = (market_value, unrealised, rows.realised, rows.fees, rows.income)
    money_scale = _fitting(MONEY_SCALE, *money)
    return PositionColumns(
        quantity_scale=quantity_scale,
        price_scale=price_scale,
        money_scale=money_scale,
        keys=tuple(map(_KEY, holdings)),
        currencies=tuple(map(_CURRENCY, holdings)),
        is_marked=is_marked,
        quantity=_exact(rows.quantity, quantity_scale, holdings, _quantity),
        average_price=_scaled(average, price_scale),
        mark=_scaled(mark, price_scale),
        market_value=_scaled(market_value, money_scale),
        unrealised=_scaled(unrealised, money_scale),
        realised=_exact(rows.realised, money_scale, holdings, _realised),
        fees=_exact(rows.fees, money_scale, holdings, _fees),
        income=_exact(rows.income, money_scale, holdings, _income),
    )


def _average_price(rows: Rows) -> Floats:
    size = rows.quantity * rows.size
    linear = np.divide(rows.cost, size, out=np.zeros_like(size), where=size != 0)
    inverse = np.divide(-size, rows.cost, out=np.zeros_like(size), where=rows.cost != 0)
    return np.where(rows.direction < 0, inverse, linear)


def _finest(precisions: Indices) -> int:
    return int(np.max(precisions, initial=0))


def _price_scale(rows: Rows) -> int:
    return min(_finest(rows.price_precision) + AVERAGE_EXTRA_DECIMALS, MAX_SCALE)


def _whole(values: Floats, scale: int) -> int:
    """Return the first scale from the given one on that shows every value whole."""
    for candidate in range(scale, MAX_SCALE):
        scaled = values * 10.0**candidate
        if np.all(np.abs(scaled - np.rint(scaled)) <= np.abs(scaled) * 2.0**-50):
            return candidate
    return MAX_SCALE


def _fitting(scale: int, *columns: Floats) -> int:
    """Return the scale, or the largest below it with which every value fits an integer."""
    largest = max(float(np.max(np.abs(values), initial=0.0)) for values in columns)
    while largest * 10.0**scale > _INTEGER_LIMIT:
        scale -= 1
    return scale


def _scaled(values: Floats, scale: int) -> Integers:
    return np.rint(values * 10.0**scale).astype(np.int64)


def _exact(
    values: Floats, scale: int, holdings: Sequence[Holding], number: Callable[[Holding], Decimal]
) -> Integers:
    if float(np.max(np.abs(values), initial=0.0)) * 10.0**scale <= _EXACT_LIMIT:
        return _scaled(values, scale)
    with exact():
        integers = [int(rounded(number(each), scale).scaleb(scale)) for each in holdings]
    return np.array(integers, dtype=np.int64)


def _quantity(holding: Holding) -> Decimal:
    return holding.basis.quantity


def _realised(holding: Holding) -> Decimal:
    return holding.realised


def _fees(holding: Holding) -> Decimal:
    return holding.own_fees


def _income(holding: Holding) -> Decimal:
    return holding.own_income
