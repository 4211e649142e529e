"""How much points of curves change when a position turns out to have been another. Pure.

What a position realised, paid and received is exact; what its quantity was worth is that of the
nearest earlier price, or of its last fill where none is known.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.trading.portfolio import Flow, Instrument
from quarterdeck_server.trading.portfolio.trace import Moment

type Floats = NDArray[np.float64]
type Times = NDArray[np.int64]
type Rate = Callable[[str], float]
"""What a unit of a currency is in the one that points are told in; zero if nobody knows."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of an instrument, oldest first."""

    times: Times = field(default_factory=lambda: np.empty(0, np.int64))
    values: Floats = field(default_factory=lambda: np.empty(0))

    def at(self, times: Times, otherwise: Floats, units: Callable[[Times], Floats]) -> Floats:
        """Return the nearest price that is not later than each time.

        ``units`` tells how many units one of the first was at a time: after a split an older price
        is worth another one.
        """
        if not len(self.times):
            return otherwise
        found = np.searchsorted(self.times, times, side="right") - 1
        values = self.values[found] * (units(self.times[found]) / units(times))
        return np.where(found >= 0, values, otherwise)


@dataclass(frozen=True, slots=True)
class Shift:
    """What is to be added to points, one value each."""

    realised: Floats
    unrealised: Floats
    fees: Floats
    income: Floats
    gross_exposure: Floats
    paid_in: Floats

    @property
    def equity(self) -> Floats:
        """What is to be added to the equity of the account."""
        return self.realised + self.unrealised - self.fees + self.income + self.paid_in

    def __add__(self, other: "Shift") -> "Shift":
        return Shift(
            self.realised + other.realised,
            self.unrealised + other.unrealised,
            self.fees + other.fees,
            self.income + other.income,
            self.gross_exposure + other.gross_exposure,
            self.paid_in + other.paid_in,
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """A position as it was told before, and as it is now."""

    instrument: Instrument
    before: Sequence[Moment]
    after: Sequence[Moment]

    def needs_price(self) -> bool:
        """Tell whether the quantity ever differs; if not, no price matters."""
        times = np.unique([one.time_ns for one in (*self.before, *self.after)]).astype(np.int64)
        quantities = [_values(side, times, lambda one: one.quantity) for side in self._sides()]
        return bool((quantities[0] != quantities[1]).any())

    def currencies(self) -> frozenset[str]:
        """Return the currencies in which anything of it is told."""
        last = [side[-1] for side in self._sides() if side]
        paid = (name for one in last for name in (*one.fees, *one.dividends))
        return frozenset({self.instrument.currency, *paid})

    def shift(self, times: Times, prices: Prices, rate: Rate) -> Shift:
        """Return what is to be added to the points of these times."""
        before, after = (_Side(side, self.instrument, times, prices) for side in self._sides())
        settled = rate(self.instrument.currency)
        return Shift(
            realised=settled * (after.realised - before.realised),
            unrealised=settled * (after.unrealised - before.unrealised),
            fees=_converted(after.fees, before.fees, times, rate),
            income=_converted(after.dividends, before.dividends, times, rate),
            gross_exposure=settled * (after.exposure - before.exposure),
            paid_in=np.zeros(len(times)),
        )

    def _sides(self) -> tuple[Sequence[Moment], Sequence[Moment]]:
        return self.before, self.after


def cash_shift(flows: Iterable[Flow], times: Times, rate: Rate) -> Shift:
    """Return what flows that were not known add to the points of these times."""
    none, income, paid_in = (np.zeros(len(times)) for _ in range(3))
    for flow in flows:
        amount = rate(flow.money.currency) * float(flow.money.amount)
        since = np.where(times >= flow.time_ns, amount, 0.0)
        if flow.kind.is_external:
            paid_in += since
        else:
            income += since
    return Shift(none, none, none, income, none, paid_in)


class _Side:
    def __init__(
        self, moments: Sequence[Moment], instrument: Instrument, times: Times, prices: Prices
    ) -> None:
        quantity = _values(moments, times, lambda one: one.quantity)
        cost = _values(moments, times, lambda one: one.cost)
        own = _values(moments, times, lambda one: one.price)
        price = prices.at(times, own, lambda at: _units(moments, at))
        size = quantity * float(instrument.multiplier)
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = np.where(size == 0, 0.0, -size / price)
        worth = inverse if instrument.is_inverse else size * price
        self.realised = _values(moments, times, lambda one: one.realised)
        self.unrealised = worth - cost
        self.exposure = np.abs(worth)
        self.fees = _by_currency(moments, times, lambda one: one.fees)
        self.dividends = _by_currency(moments, times, lambda one: one.dividends)


def _by_currency(
    moments: Sequence[Moment], times: Times, amounts: Callable[[Moment], Mapping[str, Decimal]]
) -> dict[str, Floats]:
    currencies = {name for moment in moments for name in amounts(moment)}
    return {
        name: _values(moments, times, lambda one, name=name: amounts(one).get(name))  # type: ignore[misc]
        for name in currencies
    }


def _converted(
    after: Mapping[str, Floats], before: Mapping[str, Floats], times: Times, rate: Rate
) -> Floats:
    total = np.zeros(len(times))
    for currency in after.keys() | before.keys():
        total += rate(currency) * (after.get(currency, 0.0) - before.get(currency, 0.0))
    return total


def _units(moments: Sequence[Moment], times: Times) -> Floats:
    """Return how many units one of the first is at each time."""
    known = np.array([1.0, *(one.units for one in moments)])
    since = np.array([one.time_ns for one in moments], np.int64)
    return known[np.searchsorted(since, times, side="right")]


def _values(
    moments: Sequence[Moment], times: Times, value: Callable[[Moment], Decimal | None]
) -> Floats:
    """Return a value at each time: that of the last moment that is not later, else zero."""
    known = np.array([0.0, *(float(value(one) or 0) for one in moments)])
    since = np.array([one.time_ns for one in moments], np.int64)
    return known[np.searchsorted(since, times, side="right")]
