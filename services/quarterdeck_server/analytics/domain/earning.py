"""The daily returns of accounts and strategies."""

from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.domain.subject import Portfolio
from quarterdeck_server.analytics.domain.track import Capital, Track
from quarterdeck_server.kernel.errors import InvalidField, NotPossibleNow
from quarterdeck_server.quant.flows import FlowTiming, sub_period_returns
from quarterdeck_server.quant.series import Dates, FloatArray


@dataclass(frozen=True, slots=True)
class DailyEquity:
    """What an account was worth and what it, or a strategy in it, had made, at the end of days.

    The first value of each column is that before the first day; ``flows`` has one fewer.
    """

    currency: str
    days: Dates
    equity: FloatArray
    profit: FloatArray
    flows: FloatArray


def track_of(portfolio: Portfolio, daily: DailyEquity, timing: FlowTiming) -> Track:
    """Return the daily returns of an account or strategy.

    - With a capital of its own: r = ΔP / (C + P), profits added to the capital, no flows.
    - An account: what its equity earned, flows taken out.
    - A strategy: r = ΔP / E, its part of the account's return. The divisor is the same for every
      strategy, so that those of an account in one currency add up to it day by day.
    """
    if not len(daily.flows):
        return Track(daily.days[:1], daily.flows, currency=daily.currency)
    if portfolio.capital is not None:
        own = portfolio.capital + daily.profit - daily.profit[0]
        capital = Capital(own, np.zeros(len(daily.flows)))
    elif portfolio.strategy:
        return _valued(daily, _share(portfolio, daily, timing), None)
    else:
        capital = Capital(daily.equity, daily.flows)
    return _valued(daily, _earned(portfolio, daily, capital, timing), capital)


def _valued(daily: DailyEquity, returns: FloatArray, capital: Capital | None) -> Track:
    bare = Track(daily.days, returns, currency=daily.currency, capital=capital)
    return bare.with_growth()


def _earned(
    portfolio: Portfolio, daily: DailyEquity, capital: Capital, timing: FlowTiming
) -> FloatArray:
    try:
        return sub_period_returns(capital.values, capital.flows, timing)
    except InvalidField:
        starts = capital.values[:-1] + (capital.flows if timing is FlowTiming.START else 0.0)
        raise _without_capital(portfolio, daily, starts) from None


def _share(portfolio: Portfolio, daily: DailyEquity, timing: FlowTiming) -> FloatArray:
    starts = daily.equity[:-1] + (daily.flows if timing is FlowTiming.START else 0.0)
    gains = np.diff(daily.profit)
    if ((starts <= 0) & (gains != 0)).any():
        raise _without_capital(portfolio, daily, np.where(gains != 0, starts, 1.0))
    shares: FloatArray = np.where(gains != 0, gains, 0.0) / np.where(starts > 0, starts, 1.0)
    return shares


def _without_capital(portfolio: Portfolio, daily: DailyEquity, starts: FloatArray) -> Exception:
    place = int(np.argmax(starts <= 0))
    problem = f"has no capital to earn on, {starts[place]:g} before {daily.days[place + 1]}"
    return NotPossibleNow(portfolio.account, f"{portfolio.account} {problem}")
