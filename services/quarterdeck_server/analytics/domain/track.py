"""Tracks: what a unit of capital did from day to day."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.quant.returns import growth_of, simple_returns
from quarterdeck_server.quant.series import Dated, Dates, FloatArray

type Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Capital:
    """What stood behind returns: values at the ends of days, and cash from outside on each."""

    values: FloatArray
    """Shape (n + 1,), the first before the first return."""
    flows: FloatArray
    """Shape (n,), above zero where cash came in."""


@dataclass(frozen=True, slots=True)
class Track:
    """Returns and the days of their curve.

    Attributes
    ----------
    days
        Shape (n + 1,), strictly increasing; the first is the day on which the first return began.
        A track without returns may have one day or none.
    returns
        Simple returns, shape (n,).
    levels
        Prices or values without flows, shape (n + 1,), if there are any: they can be read on the
        days of others. Returns that the caller brings have none.
    currency
        Of the capital; empty if that has no meaning.
    capital
        Where flows are known.
    """

    days: Dates
    returns: FloatArray
    levels: FloatArray | None = None
    currency: str = ""
    capital: Capital | None = None

    @classmethod
    def of_levels(cls, levels: Dated) -> Self:
        """Return the track of prices, which must be above zero."""
        return cls(levels.dates, simple_returns(levels.values), levels.values)

    @classmethod
    def of_returns(cls, returns: Dated, start_day: int | None = None) -> Self:
        """Return the track of bare returns; the first began on a day, or on the one before it."""
        if not len(returns.dates):
            return cls(returns.dates, returns.values)
        first = returns.dates[0] - np.timedelta64(1, "D")
        start = first if start_day is None else np.datetime64(start_day, "D")
        return cls(np.concatenate(([start], returns.dates)), returns.values)

    def with_growth(self) -> Self:
        """Return the same with the growth of one unit as its levels."""
        return replace(self, levels=growth_of(self.returns))

    @property
    def known(self) -> Dated | None:
        """The levels with their days, if there are any."""
        return None if self.levels is None else Dated(self.days, self.levels)

    @property
    def dated(self) -> Dated:
        """The returns with their days."""
        return Dated(self.days[1:], self.returns)

    def between(self, start: int | None, end: int | None) -> Self:
        """Return the part whose returns end within days, both inclusive."""
        ends = self.days[1:].astype(np.int64)
        first = 0 if start is None else int(np.searchsorted(ends, start))
        last = len(ends) if end is None else int(np.searchsorted(ends, end, side="right"))
        return self.part(first, max(first, last))

    def part(self, first: int, last: int) -> Self:
        """Return the returns from one place up to but without another, with the day before."""
        cut = slice(first, last + 1)
        capital = self.capital
        if capital is not None:
            capital = Capital(capital.values[cut], capital.flows[first:last])
        levels = None if self.levels is None else self.levels[cut]
        days, returns = self.days[cut], self.returns[first:last]
        return replace(self, days=days, returns=returns, levels=levels, capital=capital)
