"""Performance while the market is open: finished days, and the one that is not over.

Finished days come from the trading log. The day that is not over follows live profit, not equity:
a deposit moves equity and earns nothing.
"""

from dataclasses import dataclass, replace

import numpy as np

from quarterdeck_server.analytics.domain.earning import DailyEquity, track_of
from quarterdeck_server.analytics.domain.matching import free_rates, matched
from quarterdeck_server.analytics.domain.performance import (
    Performance,
    money_weighted,
    performance,
)
from quarterdeck_server.analytics.domain.subject import Choices, Portfolio
from quarterdeck_server.quant.series import Dated

DRIFT = 1e-4
"""Equity that moved by more than this part of itself without profit is looked up."""


@dataclass(frozen=True, slots=True)
class LiveProfit:
    """What an account or strategy has made by now; an account also has an equity."""

    day: int
    time_ns: int
    profit: float
    equity: float | None


@dataclass(frozen=True, slots=True)
class Provisional:
    """The day that is not over."""

    day: int
    time_ns: int
    profit: float
    return_so_far: float


@dataclass(frozen=True, slots=True)
class Past:
    """The finished days of a portfolio, and the rates that were observed on them."""

    portfolio: Portfolio
    daily: DailyEquity
    observed: Dated | None


@dataclass(frozen=True, slots=True)
class Now:
    """Metrics as of now."""

    performance: Performance
    provisional: Provisional | None


def explains(daily: DailyEquity, live: LiveProfit) -> bool:
    """Tell whether days that were read still are the past of a live profit.

    They are not after the day's end, nor when cash came from outside or currencies moved, which
    shows as equity without profit.
    """
    if not len(daily.flows) or live.day != _last(daily):
        return False
    if live.equity is None:
        return True
    moved = (live.equity - live.profit) - (daily.equity[-1] - daily.profit[-1])
    return bool(abs(moved) <= DRIFT * abs(daily.equity[-1]))


def extended(daily: DailyEquity, live: LiveProfit) -> DailyEquity:
    """Return the days with that of a live profit as the last; a profit of the past adds nothing."""
    if not len(daily.days) or live.day < _last(daily):
        return daily
    if live.day > _last(daily):
        daily = _with_day(daily, live.day)
    gain = live.profit - daily.profit[-1]
    equity, profit = daily.equity.copy(), daily.profit.copy()
    equity[-1] += gain
    profit[-1] = live.profit
    return replace(daily, equity=equity, profit=profit)


def as_of_now(past: Past, live: LiveProfit | None, choices: Choices) -> Now:
    """Compute all metrics of finished days and of the one that is not over."""
    daily = past.daily if live is None else extended(past.daily, live)
    track = track_of(past.portfolio, daily, choices.timing)
    rates = free_rates(choices, track, past.observed)
    pair = matched(track, None)
    found = performance(pair, choices.conventions, rates, money_weighted(track))
    if live is None or not len(track.returns) or live.day != _last(daily):
        return Now(found, None)
    return Now(found, Provisional(live.day, live.time_ns, live.profit, float(track.returns[-1])))


def _with_day(daily: DailyEquity, day: int) -> DailyEquity:
    """Return the days with another one on which nothing happened yet."""
    return DailyEquity(
        daily.currency,
        np.append(daily.days, np.datetime64(day, "D")),
        np.append(daily.equity, daily.equity[-1]),
        np.append(daily.profit, daily.profit[-1]),
        np.append(daily.flows, 0.0),
    )


def _last(daily: DailyEquity) -> int:
    return int(daily.days[-1].astype(np.int64))
