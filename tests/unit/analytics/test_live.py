"""Performance while the market is open."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import time
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from quarterdeck.api.analytics.v1.performance_service_pb2 import WatchPerformanceResponse
from quarterdeck.api.trading.v1.portfolio_pb2 import ProfitAndLoss
from quarterdeck_server.analytics import live
from quarterdeck_server.analytics.domain.earning import DailyEquity
from quarterdeck_server.analytics.domain.live import (
    LiveProfit,
    Past,
    as_of_now,
    explains,
    extended,
)
from quarterdeck_server.analytics.domain.subject import Choices, Period, Portfolio
from quarterdeck_server.analytics.gathering import Gatherer
from quarterdeck_server.analytics.mapping.live import profit_from
from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.quant.series import Dated
from quarterdeck_server.runtime.compute import Compute

MONDAY = 18_000
ACCOUNT, STRATEGY = Portfolio("SIM-001"), Portfolio("SIM-001", "momentum")


def daily(*profits: float, deposit: float = 0.0) -> DailyEquity:
    """An account of 1,000 with profits at the ends of days; the deposit came on the last."""
    profit = np.array((0.0, *profits))
    flows = np.zeros(len(profits))
    flows[-1:] = deposit
    days = np.arange(MONDAY - 1, MONDAY + len(profits)).astype("datetime64[D]")
    return DailyEquity("USD", days, 1_000 + profit + np.cumsum((0.0, *flows)), profit, flows)


def made(profit: float, day: int, cash: float = 1_000.0) -> LiveProfit:
    return LiveProfit(day, day * 86_400 * 10**9, profit, cash + profit)


def test_the_day_that_is_not_over_follows_profit() -> None:
    past = Past(ACCOUNT, daily(10.0, 20.0), None)
    now = as_of_now(past, made(40.4, MONDAY + 1), Choices())
    assert now.provisional is not None
    assert now.provisional.return_so_far == pytest.approx(30.4 / 1_010)
    assert now.performance.track.returns == pytest.approx([0.01, 30.4 / 1_010])


def test_the_next_day_makes_a_day_final_and_adds_one() -> None:
    now = as_of_now(Past(STRATEGY, daily(10.0, 20.0), None), made(30.4, MONDAY + 2), Choices())
    assert now.performance.track.returns == pytest.approx([0.01, 10 / 1_010, 10.4 / 1_020])
    assert now.provisional is not None
    assert now.provisional.day == MONDAY + 2


def test_a_profit_of_the_past_changes_nothing() -> None:
    days = daily(10.0, 20.0)
    assert extended(days, made(5.0, MONDAY)) is days
    assert as_of_now(Past(ACCOUNT, days, None), made(5.0, MONDAY), Choices()).provisional is None


def test_without_a_finished_day_metrics_say_so() -> None:
    empty = DailyEquity("USD", np.array([], "datetime64[D]"), *[np.empty(0)] * 3)
    now = as_of_now(Past(ACCOUNT, empty, None), made(5.0, MONDAY), Choices())
    assert now.provisional is None
    assert {one.value for one in now.performance.metrics.values()} == {None}


def test_days_explain_profit_but_neither_cash_from_outside_nor_the_next_day() -> None:
    days = daily(10.0, 20.0)
    assert explains(days, made(500.0, MONDAY + 1))
    assert not explains(days, made(500.0, MONDAY + 2))
    deposited = made(20.0, MONDAY + 1, cash=1_500.0)
    assert not explains(days, deposited)
    # Until trading's history has it, a deposit is no profit; then it is a flow.
    assert extended(days, deposited).equity[-1] == 1_020
    assert explains(daily(10.0, 20.0, deposit=500.0), deposited)


@dataclass
class Equities:
    """Days as trading would tell them, and how often they were asked for."""

    days: DailyEquity
    reads: int = 0

    async def daily_equity(self, account: str, strategy: str, period: Period) -> DailyEquity:
        self.reads += 1
        return self.days

    async def closes(self, instrument: str, period: Period) -> Dated:
        raise NotImplementedError

    observations = closes


@dataclass
class Profits:
    """A live profit."""

    profit: LiveProfit
    told: int = 0

    def newest(self, account: str, strategy: str) -> LiveProfit:
        return self.profit

    def restatements(self, account: str) -> int:
        return self.told

    def changes(self, account: str, strategy: str) -> asyncio.Event:
        return asyncio.Event()


@dataclass
class Clock:
    """A clock that stands still."""

    at: float = 0.0
    epoch: int = field(default=0)

    def monotonic(self) -> float:
        return self.at

    def now_ns(self) -> int:
        return self.epoch


async def test_finished_days_are_read_when_they_are_not_the_past_any_more() -> None:
    equities, profits, clock = Equities(daily(10.0)), Profits(made(12.0, MONDAY)), Clock()
    gatherer = Gatherer(equities, equities, equities)
    means = live.Means(gatherer, profits, Compute(), clock)  # type: ignore[arg-type]
    kept = live.LivePerformance(means, ACCOUNT, Choices())
    for _ in range(3):
        await kept.now()
    assert equities.reads == 1
    profits.told += 1
    await kept.now()
    assert equities.reads == 2
    profits.profit = replace(profits.profit, day=MONDAY + 1)
    assert kept.settles_in_s() == live.READ_PAUSE_S
    await kept.now()
    assert equities.reads == 2
    for reads, pause_s in ((3, 2 * live.READ_PAUSE_S), (4, 4 * live.READ_PAUSE_S)):
        clock.at += kept.settles_in_s() or 0.0
        await kept.now()
        assert (equities.reads, kept.settles_in_s()) == (reads, pause_s)
    equities.days = daily(10.0, 12.0)
    clock.at += kept.settles_in_s() or 0.0
    await kept.now()
    assert kept.settles_in_s() is None


def test_a_profit_on_the_bus_tells_its_day_or_nothing() -> None:
    roll = DayRoll(ZoneInfo("America/New_York"), time(17))
    message = ProfitAndLoss(account="SIM-001")
    assert profit_from(message.SerializeToString(), roll) is None
    assert profit_from(b"\xff", roll) is None
    message.event_time.seconds = 1_600_000_000  # Sunday, 13 September 2020, 08:26 in New York
    message.total_profit.value = "-1.5"
    found = profit_from(message.SerializeToString(), roll)
    assert found is not None
    assert (found.day, found.profit, found.equity) == (18_518, -1.5, None)


async def test_heartbeats_come_in_time_however_seldom_answers_may_come() -> None:
    equities, profits = Equities(daily(10.0)), Profits(made(12.0, MONDAY))
    gatherer = Gatherer(equities, equities, equities)
    means = live.Means(gatherer, profits, Compute(), Clock())  # type: ignore[arg-type]
    pulse = live.Pulse(max_rate=0.001, heartbeat_s=0.01)
    kept = live.LivePerformance(means, ACCOUNT, Choices())
    answers = live.PerformanceStream(kept, pulse).answers()
    async with asyncio.timeout(5), aclosing(answers):
        found = [WatchPerformanceResponse.FromString(await anext(answers)) for _ in range(3)]
    assert [one.HasField("performance") for one in found] == [True, False, False]
    assert sum(pause_s for pause_s, _ in live.Pulse(0.1, 4.0).pauses()) == 10.0
