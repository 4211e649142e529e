"""Gathers what is held against what, and has it attributed in a thread."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from quarterdeck_server.analytics.contributing import currencies_of, instruments_of
from quarterdeck_server.analytics.domain.attribution.asking import AskedBrinson, Composition
from quarterdeck_server.analytics.domain.attribution.brinson import Attribution, attribution
from quarterdeck_server.analytics.domain.attribution.changes import Changes
from quarterdeck_server.analytics.domain.attribution.clock import Clock
from quarterdeck_server.analytics.domain.attribution.composing import (
    NOTHING,
    GivenGroups,
    Holdings,
    Weighted,
    given_side,
    held_side,
    weighted_side,
)
from quarterdeck_server.analytics.domain.attribution.path import Path, Times
from quarterdeck_server.analytics.domain.attribution.rates import Rates
from quarterdeck_server.analytics.domain.earning import DailyEquity
from quarterdeck_server.analytics.domain.subject import Period, Portfolio
from quarterdeck_server.analytics.market import Market
from quarterdeck_server.analytics.ports import ChangeQuery, ChangeSource, EquitySource
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.attribution.linking import Linking
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.runtime.convert import LATEST_NS

type Days = tuple[int, ...]
"""The ends of days in days since 1970-01-01; the first is where the first return begins."""

MARGIN_DAYS = 31
"""How far before the first day a common day of instruments is looked for."""


@dataclass(frozen=True, slots=True)
class Attributed:
    """An attribution, its currency, and the instruments that history has no price of."""

    attribution: Attribution
    currency: str = ""
    unpriced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A portfolio, what happened to its positions, and its account's equity."""

    portfolio: Portfolio
    changes: Sequence[Changes]
    daily: DailyEquity
    rates: Rates


type Known = Held | Weighted | GivenGroups


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What sides are made of: the moments at which days end, prices, and what groups are called."""

    clock: Clock
    ends: Times
    paths: Mapping[str, Path]
    groups: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Attributor:
    """Explains why one composition earned another return than another."""

    trading: ChangeSource
    equities: EquitySource
    market: Market
    clock: Clock
    compute: Compute

    async def told(self, asked: AskedBrinson) -> Attributed:
        """Return the attribution of a request."""
        period = asked.period
        asked = replace(
            asked,
            portfolio=_cut(asked.portfolio, period),
            benchmark=_cut(asked.benchmark, period),
        )
        days = await self._days(asked)
        if len(days) <= 1:
            return Attributed(attribution(NOTHING, NOTHING, days, asked.linking))
        ends = self.clock.ends(np.array(days))
        within = (int(ends[0]), max(int(ends[-1]), int(ends[0]) + 1))
        known = [await self._known(one, days, within) for one in (asked.portfolio, asked.benchmark)]
        names = list(dict.fromkeys(name for one in known for name in _instruments(one)))
        paths = await self.market.paths(names, within, hourly=False)
        sectors = await self.market.sectors([name for name in names if name not in asked.groups])
        around = Surroundings(self.clock, ends, paths, {**sectors, **asked.groups})
        return await self.compute.thread(_told, known, around, days, asked.linking)

    async def _days(self, asked: AskedBrinson) -> Days:
        """Return the days to compare: those that the caller brought, else those of a portfolio."""
        both = (asked.portfolio, asked.benchmark)
        given = [one for one in both if isinstance(one, GivenGroups)]
        if given:
            return common_days(given)
        for one in both:
            if isinstance(one, Portfolio):
                daily = await self.equities.daily_equity(one.account, one.strategy, asked.period)
                return tuple(daily.days.astype(np.int64).tolist())
        names = [name for one in both if isinstance(one, Weighted) for name in one.instruments]
        return await self._market_days(names, asked.period)

    async def _market_days(self, names: Sequence[str], period: Period) -> Days:
        """Return the days on which all instruments have a price, from the last before the first."""
        early = period.earlier(MARGIN_DAYS)
        window = self.clock.window(early.start, early.end, LATEST_NS)
        paths = await self.market.paths(list(dict.fromkeys(names)), window, hourly=False)
        seen = [set(self.clock.days(path.times).tolist()) for path in paths.values()]
        days = sorted(set.intersection(*seen))
        if period.start is not None:
            first = max(0, bisect_left(days, period.start) - 1)
            days = days[first:]
        return tuple(days)

    async def _known(self, one: Composition, days: Days, within: tuple[int, int]) -> Known:
        if not isinstance(one, Portfolio):
            return one
        account, strategy = one.account, one.strategy
        period = Period(days[0], days[-1])
        daily = await self.equities.daily_equity(account, strategy, period)
        changes = await self.trading.changes(ChangeQuery(account, strategy, "", *within))
        rates = await self.market.rates(daily.currency, currencies_of(changes), within)
        return Held(one, changes, daily, rates)


def _cut(one: Composition, period: Period) -> Composition:
    return one.within(period.start, period.end) if isinstance(one, GivenGroups) else one


def common_days(given: Sequence[GivenGroups]) -> Days:
    """Return the days of series; refuses series of different days."""
    first, *others = given
    for other in others:
        if (other.start_day, other.days) != (first.start_day, first.days):
            raise InvalidField(f"{other.field}.days", f"must be those of {first.field}")
    return (first.start_day, *first.days)


def _instruments(one: Known) -> Sequence[str]:
    match one:
        case Held():
            return instruments_of(one.changes)
        case Weighted():
            return one.instruments
        case GivenGroups():
            return ()


def _told(known: Sequence[Known], around: Surroundings, days: Days, linking: Linking) -> Attributed:
    unpriced: set[str] = set()
    sides, currency = [], ""
    for one in known:
        match one:
            case Held():
                side, absent = held_side(_holdings(one, around), around.groups, around.ends)
                unpriced.update(absent)
                currency = currency or one.daily.currency
            case Weighted():
                side = weighted_side(one, around.paths, around.groups, around.ends)
            case GivenGroups():
                side = given_side(one)
        sides.append(side)
    portfolio, benchmark = sides
    found = attribution(portfolio, benchmark, days, linking)
    return Attributed(found, currency, tuple(sorted(unpriced)))


def _holdings(held: Held, around: Surroundings) -> Holdings:
    """Return a portfolio with its equity standing from the end of each day on."""
    ends = around.clock.ends(held.daily.days.astype(np.int64))
    equity = Path(ends - 1, held.daily.equity)
    return Holdings(held.changes, around.paths, held.rates, held.portfolio, equity)
