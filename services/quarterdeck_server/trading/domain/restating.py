"""How much points of curves change when a position turns out to have been another. Pure.

What a position realised, paid and received is exact; what its quantity was worth is that of the
nearest earlier price, or of its last fill where none is known.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping
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
class Track:
    """A position through the market's time, in columns whose first value is of before it."""

    times: Times
    quantity: Floats
    cost: Floats
    realised: Floats
    price: Floats
    units: Floats
    fees: Mapping[str, Floats]
    dividends: Mapping[str, Floats]

    def at(self, column: Floats, times: Times) -> Floats:
        """Return the value of a column at each time: of the last moment that is not later."""
        return column[np.searchsorted(self.times, times, side="right")]


class Tracker:
    """Makes a track of moments.

    It keeps none of them, and nothing that the collector of cycles would look at: there may be a
    million.
    """

    def __init__(self) -> None:
        self._times: list[int] = []
        self._columns = tuple(array("d", [first]) for first in (0.0, 0.0, 0.0, 0.0, 1.0))
        self._fees: dict[str, list[float]] = {}
        self._dividends: dict[str, list[float]] = {}

    def add(self, moments: Iterable[Moment]) -> None:
        """Take further moments, oldest first."""
        for one in moments:
            self._times.append(one.time_ns)
            numbers = (one.quantity, one.cost, one.realised, one.price or 0, one.units)
            for column, number in zip(self._columns, numbers, strict=True):
                column.append(float(number))
            self._append(self._fees, one.fees)
            self._append(self._dividends, one.dividends)

    def track(self) -> Track:
        """Return the track of all of them."""
        quantity, cost, realised, price, units = map(np.array, self._columns)
        fees, dividends = (
            {name: np.array(one) for name, one in each.items()}
            for each in (self._fees, self._dividends)
        )
        times = np.array(self._times, np.int64)
        return Track(times, quantity, cost, realised, price, units, fees, dividends)

    def _append(self, known: dict[str, list[float]], amounts: Mapping[str, Decimal]) -> None:
        for name, amount in amounts.items():
            # What was never paid before was zero.
            known.setdefault(name, [0.0] * len(self._times)).append(float(amount))


@dataclass(frozen=True, slots=True)
class Turn:
    """A position as it was told before, and as it is now."""

    instrument: Instrument
    before: Track
    after: Track

    def needs_price(self) -> bool:
        """Tell whether the quantity ever differs; if not, no price matters."""
        times = np.union1d(self.before.times, self.after.times)
        before, after = (side.at(side.quantity, times) for side in self._sides())
        return bool((before != after).any())

    def currencies(self) -> frozenset[str]:
        """Return the currencies in which anything of it is told."""
        paid = (name for side in self._sides() for name in (*side.fees, *side.dividends))
        return frozenset({self.instrument.currency, *paid})

    def shift(self, times: Times, prices: Prices, rate: Rate) -> Shift:
        """Return what is to be added to the points of these times."""
        before, after = (_Worth(side, self.instrument, times, prices) for side in self._sides())
        settled = rate(self.instrument.currency)
        return Shift(
            realised=settled * (after.realised - before.realised),
            unrealised=settled * (after.unrealised - before.unrealised),
            fees=_converted(after.fees, before.fees, times, rate),
            income=_converted(after.dividends, before.dividends, times, rate),
            gross_exposure=settled * (after.exposure - before.exposure),
            paid_in=np.zeros(len(times)),
        )

    def _sides(self) -> tuple[Track, Track]:
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


class _Worth:
    def __init__(self, side: Track, instrument: Instrument, times: Times, prices: Prices) -> None:
        quantity, cost = side.at(side.quantity, times), side.at(side.cost, times)
        own = side.at(side.price, times)
        price = prices.at(times, own, lambda at: side.at(side.units, at))
        size = quantity * float(instrument.multiplier)
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = np.where(size == 0, 0.0, -size / price)
        worth = inverse if instrument.is_inverse else size * price
        self.realised = side.at(side.realised, times)
        self.unrealised = worth - cost
        self.exposure = np.abs(worth)
        self.fees = {name: side.at(paid, times) for name, paid in side.fees.items()}
        self.dividends = {name: side.at(paid, times) for name, paid in side.dividends.items()}


def _converted(
    after: Mapping[str, Floats], before: Mapping[str, Floats], times: Times, rate: Rate
) -> Floats:
    total = np.zeros(len(times))
    for currency in after.keys() | before.keys():
        total += rate(currency) * (after.get(currency, 0.0) - before.get(currency, 0.0))
    return total
