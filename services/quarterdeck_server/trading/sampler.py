"""The sampler: points of equity curves, at every fill and every few seconds while prices move."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from quarterdeck_server.kernel.time import NS
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.desk import Flush
from quarterdeck_server.trading.domain.equity import EquityPoint
from quarterdeck_server.trading.domain.price import Newest
from quarterdeck_server.trading.profit import ProfitAndLoss
from quarterdeck_server.trading.store import curve, load

WRITE_EVERY_S = 1.0
MOST_POINTS = 10_000
"""In one transaction: what an outage held back is stored in parts."""

type CurveKey = tuple[str, str]


class Sampler:
    """Keeps what the desk showed: equity points, and the prices they were valued at."""

    def __init__(
        self,
        postgres: Postgres,
        clock: Clock,
        interval: timedelta,
        newest: Callable[[], dict[str, Newest]],
    ) -> None:
        self._postgres, self._clock = postgres, clock
        self._interval_s = interval.total_seconds()
        self._newest = newest
        self._changed: dict[CurveKey, ProfitAndLoss] = {}
        self._sampled_at: dict[CurveKey, float] = {}
        self._waiting: dict[tuple[CurveKey, int], EquityPoint] = {}
        self._saved_marks: dict[str, Newest] = {}
        self._position = 0

    def flushed(self, flush: Flush) -> None:
        """Take what a flush changed."""
        self._position = flush.position
        for profit in flush.profits:
            self._changed[profit.account, profit.strategy] = profit
        for profit in flush.filled:
            self._sample(profit)

    async def run(self) -> None:
        """Store points and prices for ever."""
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            self._sample_due()
            await self.write()

    async def close(self) -> None:
        """Store everything that changed."""
        for profit in list(self._changed.values()):
            self._sample(profit)
        await self.write()

    async def write(self) -> None:
        """Store what waits; what cannot be stored now waits on."""
        newest = self._newest()
        marks = [m for name, m in newest.items() if self._saved_marks.get(name) != m]
        if marks:
            await load.save_marks(self._postgres, marks)
            self._saved_marks.update((mark.instrument, mark) for mark in marks)
        self._measure()
        waiting = list(self._waiting.items())
        for start in range(0, len(waiting), MOST_POINTS):
            part = waiting[start : start + MOST_POINTS]
            await curve.save_points(self._postgres, [point for _, point in part])
            for key, point in part:
                if self._waiting.get(key) is point:
                    del self._waiting[key]
        self._measure()

    def _measure(self) -> None:
        metrics.UNSTORED.set(len(self._waiting))
        now_ns = self._clock.now_ns()
        oldest_ns = min((one.publish_time_ns for one in self._waiting.values()), default=now_ns)
        metrics.LAG.set((now_ns - oldest_ns) / NS)

    def _sample_due(self) -> None:
        now = self._clock.monotonic()
        for key, profit in list(self._changed.items()):
            if now - self._sampled_at.get(key, float("-inf")) >= self._interval_s:
                self._sample(profit)

    def _sample(self, profit: ProfitAndLoss) -> None:
        key = (profit.account, profit.strategy)
        self._changed.pop(key, None)
        if profit.event_time_ns is None:
            return
        self._sampled_at[key] = self._clock.monotonic()
        self._waiting[key, profit.event_time_ns] = EquityPoint(
            account=profit.account,
            strategy=profit.strategy,
            event_time_ns=profit.event_time_ns,
            publish_time_ns=self._clock.now_ns(),
            equity=None if profit.equity is None else float(profit.equity),
            realised_profit=float(profit.realised),
            unrealised_profit=float(profit.unrealised),
            fees=float(profit.fees),
            income=float(profit.income),
            log_position=self._position,
            gross_exposure=float(profit.gross_exposure),
        )
