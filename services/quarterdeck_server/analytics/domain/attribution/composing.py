"""Compositions by group and day: what a capital was divided into, and what became of it."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from quarterdeck_server.analytics.domain.attribution.changes import ChangeKind, Changes
from quarterdeck_server.analytics.domain.attribution.entries import entries_of
from quarterdeck_server.analytics.domain.attribution.path import OLDEST_NS, Path, Times
from quarterdeck_server.analytics.domain.attribution.rates import Rates
from quarterdeck_server.analytics.domain.attribution.trail import trail
from quarterdeck_server.analytics.domain.subject import Portfolio
from quarterdeck_server.kernel.errors import InvalidField, NotPossibleNow
from quarterdeck_server.quant.series import FloatArray

CASH = "cash"
"""The group of all that is in no position."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """Instruments whose weights are the same at the start of each day."""

    field: str
    instruments: tuple[str, ...]
    weights: FloatArray


@dataclass(frozen=True, slots=True)
class GivenGroups:
    """Groups that the caller brings: days, and weights and returns of shape (n, k)."""

    field: str
    groups: tuple[str, ...]
    start_day: int
    days: tuple[int, ...]
    weights: FloatArray
    returns: FloatArray

    def within(self, first: int | None, last: int | None) -> Self:
        """Return the returns of some days, both ends inclusive; ``None`` is open."""
        before = 0 if first is None else bisect_left(self.days, first)
        until = len(self.days) if last is None else bisect_right(self.days, last)
        kept = slice(before, max(before, until))
        return replace(
            self,
            start_day=(self.start_day, *self.days)[before],
            days=self.days[kept],
            weights=self.weights[kept],
            returns=self.returns[kept],
        )


@dataclass(frozen=True, slots=True)
class Side:
    """Groups, and their weights and contributions by day, all of shape (n, k).

    ``gross`` are the weights with short positions counted as long ones.
    """

    groups: tuple[str, ...]
    weights: FloatArray
    contributions: FloatArray
    gross: FloatArray


@dataclass(frozen=True, slots=True)
class Holdings:
    """The positions of a portfolio along prices, and the capital behind them."""

    changes: Sequence[Changes]
    paths: Mapping[str, Path]
    rates: Rates
    portfolio: Portfolio
    equity: Path
    """That of the account; a portfolio with a capital of its own does not need it."""


NOTHING = Side((), np.empty((0, 0)), np.empty((0, 0)), np.empty((0, 0)))
"""A side without a day."""


def given_side(given: GivenGroups) -> Side:
    """Return the side that the caller brought; the returns of what has no weight do not count."""
    returns = np.where(given.weights != 0, given.returns, 0.0)
    weights = given.weights
    return Side(given.groups, weights, weights * returns, np.abs(weights))


def weighted_side(
    weighted: Weighted, paths: Mapping[str, Path], groups: Mapping[str, str], ends: Times
) -> Side:
    """Return instruments at constant weights, by group."""
    sums = Sums(len(ends) - 1)
    for place, name in enumerate(weighted.instruments):
        weight = weighted.weights[place]
        prices = _prices(weighted, place, paths[name], ends)
        sums.add(groups[name], np.full(sums.days, weight), weight * (prices[1:] / prices[:-1] - 1))
    return sums.side()


def held_side(
    holdings: Holdings, groups: Mapping[str, str], ends: Times
) -> tuple[Side, tuple[str, ...]]:
    """Return a portfolio by group, and its instruments that history has no price of.

    A position's weight is its market value at the start of the day and what was opened on the day,
    over the capital; what closes leaves at the end.
    """
    sums, unpriced = Sums(len(ends) - 1), set()
    for changes in holdings.changes:
        position = changes.position
        along = trail(changes, holdings.paths.get(position.instrument, Path.empty()), int(ends[0]))
        if not along.is_priced:
            unpriced.add(position.instrument)
        bases = along.exposures(ends[:-1]) + _opened(changes, ends)
        bases[bases != 0] *= holdings.rates.read(position.currency, ends[:-1][bases != 0])
        entries = entries_of(0, along, changes, holdings.rates)
        group = groups[position.instrument] if position.instrument else CASH
        sums.add(group, bases, _by_day(entries.profits, entries.times, ends))
    capital = _capital(holdings, sums, ends)
    with np.errstate(over="ignore"):
        side = sums.side(capital)
    return _with_cash(side), tuple(sorted(unpriced))


class Sums:
    """Adds bases and profits up by group and day."""

    def __init__(self, days: int) -> None:
        self.days = days
        self.bases: dict[str, FloatArray] = {}
        self.profits: dict[str, FloatArray] = {}
        self.gross: dict[str, FloatArray] = {}
        self.is_held = np.zeros(days, np.bool_)

    def add(self, group: str, bases: FloatArray, profits: FloatArray) -> None:
        """Add one part of a group."""
        nothing = np.zeros(self.days)
        self.bases[group] = self.bases.get(group, nothing) + bases
        self.profits[group] = self.profits.get(group, nothing) + profits
        self.gross[group] = self.gross.get(group, nothing) + np.abs(bases)
        self.is_held |= (bases != 0) | (profits != 0)

    @property
    def whole(self) -> FloatArray:
        """The profits of all groups."""
        return sum(self.profits.values(), np.zeros(self.days))

    def side(self, capital: FloatArray | float = 1.0) -> Side:
        """Return all groups over a capital."""
        shape = (len(self.bases), self.days)
        sums = (self.bases, self.profits, self.gross)
        tables = (np.array([*part.values()]).reshape(shape) for part in sums)
        return Side(tuple(self.bases), *((table / capital).T for table in tables))


def aligned(left: Side, right: Side) -> tuple[Side, Side]:
    """Return both sides with the groups of either, in one order."""
    names = tuple(dict.fromkeys((*left.groups, *right.groups)))
    return _widened(left, names), _widened(right, names)


def _prices(weighted: Weighted, place: int, path: Path, ends: Times) -> FloatArray:
    found = path.read(ends - 1, OLDEST_NS)
    field = f"{weighted.field}.instruments[{place}]"
    bad = ~(found > 0)
    if bad.any():
        day = np.datetime64(int(ends[np.argmax(bad)]) - 1, "ns").astype("datetime64[D]")
        raise InvalidField(field, f"has no price above zero of the week until {day}")
    return found


def _opened(changes: Changes, ends: Times) -> FloatArray:
    """Return the market values that fills opened on each day, signed."""
    opened = changes.kinds == ChangeKind.OPENED
    position = changes.position
    worths = position.exposure(position.unit_worth(changes.prices[opened]))
    return _by_day(changes.changes[opened] * worths, changes.times[opened], ends)


def _by_day(values: FloatArray, times: Times, ends: Times) -> FloatArray:
    """Add values up by day; each lies within the days."""
    days = np.searchsorted(ends, times, side="right") - 1
    return np.bincount(days, values, minlength=len(ends) - 1)


def _capital(holdings: Holdings, sums: Sums, ends: Times) -> FloatArray:
    portfolio = holdings.portfolio
    if portfolio.capital is None:
        capital = holdings.equity.read(ends[:-1] - 1)
    else:
        capital = portfolio.capital + np.append(0.0, np.cumsum(sums.whole)[:-1])
    bad = ~(capital > 0) & sums.is_held
    if bad.any():
        day = np.datetime64(int(ends[1:][np.argmax(bad)]) - 1, "ns").astype("datetime64[D]")
        problem = f"{portfolio.account} has no capital to earn on at the start of {day}"
        raise NotPossibleNow(portfolio.account, problem)
    return np.where(capital > 0, capital, 1.0)


def _with_cash(side: Side) -> Side:
    """Add what weights lack of one as cash."""
    rest = 1 - side.weights.sum(axis=1)
    whole = _widened(side, tuple(dict.fromkeys((*side.groups, CASH))))
    place = whole.groups.index(CASH)
    whole.weights[:, place] += rest
    whole.gross[:, place] += np.abs(rest)
    return whole


def _widened(side: Side, names: tuple[str, ...]) -> Side:
    shape = (len(side.weights), len(names))
    wide = Side(names, np.zeros(shape), np.zeros(shape), np.zeros(shape))
    places = [names.index(group) for group in side.groups]
    wide.weights[:, places], wide.contributions[:, places] = side.weights, side.contributions
    wide.gross[:, places] = side.gross
    return wide
