"""Entries: what positions made, and what it cost, each at its moment and in one currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.analytics.domain.attribution.changes import ChangeKind, Changes
from quarterdeck_server.analytics.domain.attribution.path import Times
from quarterdeck_server.analytics.domain.attribution.rates import Rates
from quarterdeck_server.analytics.domain.attribution.trail import Trail
from quarterdeck_server.quant.series import FloatArray


@dataclass(frozen=True, slots=True)
class Entries:
    """One array for each column; an entry has a price's profit, or what a change brought or cost.

    ``gains`` are what prices made, realised or not; ``owners`` number the positions, ``sides`` are
    1 for long, -1 for short and 0 for neither.
    """

    owners: NDArray[np.int64]
    times: Times
    sides: NDArray[np.int64]
    gains: FloatArray
    realised: FloatArray
    incomes: FloatArray
    fees: FloatArray
    is_fill: NDArray[np.bool_]

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the entries of all parts; there must be one."""
        columns = (tuple(getattr(part, name) for part in parts) for name in cls.__slots__)
        return cls(*(np.concatenate(column) for column in columns))

    @classmethod
    def none(cls) -> Self:
        """Return no entries."""
        whole, amounts = np.empty(0, np.int64), np.empty(0)
        return cls(whole, whole, whole, amounts, amounts, amounts, amounts, np.empty(0, np.bool_))

    @property
    def profits(self) -> FloatArray:
        """All that was made: gains and income less fees."""
        return self.gains + self.incomes - self.fees

    @property
    def unrealised(self) -> FloatArray:
        """The change of unrealised profit."""
        return self.gains - self.realised


def entries_of(owner: int, along: Trail, changes: Changes, rates: Rates) -> Entries:
    """Return what a position made along prices, and what its changes brought and cost."""
    gains = along.profits
    made = gains != 0
    times, sides = along.times[1:][made], along.sides[made]
    rate = rates.read(along.position.currency, times)
    nothing = np.zeros(len(times))
    of_prices = Entries(
        owners=np.full(len(times), owner),
        times=times,
        sides=sides,
        gains=gains[made] * rate,
        realised=nothing,
        incomes=nothing,
        fees=nothing,
        is_fill=np.zeros(len(times), np.bool_),
    )
    return Entries.joined((of_prices, _of_changes(owner, changes, rates)))


def _of_changes(owner: int, changes: Changes, rates: Rates) -> Entries:
    own = changes.kinds != ChangeKind.CARRIED
    times = changes.times[own]
    realised, paid = changes.realised[own], (changes.fees[own] != 0) | (changes.incomes[own] != 0)
    moved = np.array(changes.currencies, np.object_)[own]
    settled = _rates(np.where(realised != 0, changes.position.currency, ""), times, rates)
    charged = _rates(np.where(paid, moved, ""), times, rates)
    return Entries(
        owners=np.full(len(times), owner),
        times=times,
        sides=changes.sides[own],
        gains=np.zeros(len(times)),
        realised=realised * settled,
        incomes=changes.incomes[own] * charged,
        fees=changes.fees[own] * charged,
        is_fill=changes.is_fill[own],
    )


def _rates(currencies: "NDArray[np.object_]", times: Times, rates: Rates) -> FloatArray:
    """Return the rate of each currency at its time; nothing needs none."""
    found = np.zeros(len(times))
    for currency in {*currencies.tolist()} - {""}:
        wanted = currencies == currency
        found[wanted] = rates.read(currency, times[wanted])
    return found
