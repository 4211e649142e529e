"""Live performance: of finished days, read seldom, and of the day that is not over.

A stream computes when a profit changed and its reader took the last answer; what changed meanwhile
is in the next one. Finished days are read again when the live profit shows that they are no longer
the whole past, with growing pauses until they are.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from quarterdeck_server.analytics import metrics
from quarterdeck_server.analytics.domain.live import LiveProfit, Now, Past, as_of_now, explains
from quarterdeck_server.analytics.domain.subject import Choices, Period, Portfolio
from quarterdeck_server.analytics.gathering import Gatherer
from quarterdeck_server.analytics.mapping import live as mapping
from quarterdeck_server.analytics.profits import Profits
from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.compute import Compute

HEARTBEAT_S = 5.0
DEFAULT_RATE = 4.0
READ_PAUSE_S = 1.5
"""After so long finished days that do not explain a profit are read again, then, if that brought no
day, after twice as long, and so on: trading stores its points within a second or so."""
LONGEST_PAUSE_S = 60.0
MOST_AGE_S = 300.0
"""Finished days are read anew after this at the latest, whatever was said of them."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """How often answers come at most, and heartbeats at least."""

    max_rate: float = DEFAULT_RATE
    heartbeat_s: float = HEARTBEAT_S

    def pauses(self) -> Iterator[tuple[float, bool]]:
        """Return how long to wait until another answer may come, and whether a heartbeat is due.

        It is after each part of the pause but the last: a low rate must not look like silence.
        """
        left_s = 1 / self.max_rate
        while left_s > self.heartbeat_s:
            yield self.heartbeat_s, True
            left_s -= self.heartbeat_s
        yield left_s, False


@dataclass(frozen=True, slots=True)
class Means:
    """What live performance is made of."""

    gatherer: Gatherer
    profits: Profits
    compute: Compute
    clock: Clock


@dataclass(slots=True)
class LivePerformance:
    """The performance of one portfolio, kept as of now."""

    means: Means
    portfolio: Portfolio
    choices: Choices
    _past: Past | None = field(default=None, init=False)
    _read_at: float = field(default=0.0, init=False)
    _pause_s: float = field(default=READ_PAUSE_S, init=False)
    _restatements: int = field(default=0, init=False)

    async def now(self) -> Now:
        """Return the metrics as of now; fails as asking for them does."""
        past = self._past
        if past is None or self._is_outdated(past):
            past = self._past = await self._read()
        with metrics.LIVE.time():
            return await self.means.compute.thread(as_of_now, past, self._live(), self.choices)

    def changes(self) -> asyncio.Event:
        """Return what is set when the profit changes next."""
        return self.means.profits.changes(self.portfolio.account, self.portfolio.strategy)

    def settles_in_s(self) -> float | None:
        """Return after how long to compute anew without a change: the days read are not all."""
        if self._past is None or self._is_explained(self._past):
            return None
        return max(0.0, self._read_at + self._pause_s - self.means.clock.monotonic())

    def _live(self) -> LiveProfit | None:
        return self.means.profits.newest(self.portfolio.account, self.portfolio.strategy)

    def _is_explained(self, past: Past) -> bool:
        live = self._live()
        return live is None or explains(past.daily, live)

    def _is_outdated(self, past: Past) -> bool:
        if self.means.profits.restatements(self.portfolio.account) != self._restatements:
            return True
        age_s = self.means.clock.monotonic() - self._read_at
        return age_s >= (MOST_AGE_S if self._is_explained(past) else self._pause_s)

    async def _read(self) -> Past:
        gatherer, portfolio = self.means.gatherer, self.portfolio
        self._restatements = self.means.profits.restatements(portfolio.account)
        self._read_at = self.means.clock.monotonic()
        metrics.READS.inc()
        daily = await gatherer.equities.daily_equity(
            portfolio.account, portfolio.strategy, Period()
        )
        past = Past(portfolio, daily, await gatherer.observed(self.choices, daily.days))
        helped = self._past is None or len(past.daily.days) != len(self._past.daily.days)
        helped = helped or self._is_explained(past)
        self._pause_s = READ_PAUSE_S if helped else min(2 * self._pause_s, LONGEST_PAUSE_S)
        return past


class PerformanceStream:
    """The answers to one reader."""

    def __init__(self, live: LivePerformance, pulse: Pulse) -> None:
        self._live, self._pulse = live, pulse
        self._clock = live.means.clock

    async def answers(self) -> AsyncGenerator[bytes]:
        """Yield encoded answers for ever: metrics when they changed, else a heartbeat."""
        with metrics.READERS.track_inprogress():
            changed = self._live.changes()
            yield self._answer(await self._live.now(), first=True)
            while True:
                for pause_s, beats in self._pulse.pauses():
                    await asyncio.sleep(pause_s)
                    if beats:
                        yield mapping.answer_to(self._clock.now_ns())
                if await self._happens(changed):
                    changed = self._live.changes()
                    yield self._answer(await self._live.now())
                else:
                    yield mapping.answer_to(self._clock.now_ns())

    def ended(self, error: QuarterdeckError) -> bytes:
        """Encode the answer that says why the stream ends."""
        return mapping.ended(self._clock.now_ns(), error)

    async def _happens(self, changed: asyncio.Event) -> bool:
        """Wait for a change, or for what was not known yet; nothing happens within a heartbeat."""
        beat_s, settles_s = self._pulse.heartbeat_s, self._live.settles_in_s()
        may_settle = settles_s is not None and settles_s < beat_s
        with suppress(TimeoutError):
            async with asyncio.timeout(settles_s if may_settle else beat_s):
                await changed.wait()
        return may_settle or changed.is_set()

    def _answer(self, now: Now, *, first: bool = False) -> bytes:
        performance = mapping.now_to(now, self._live.choices, defined=first)
        heartbeat_s = self._pulse.heartbeat_s if first else None
        return mapping.answer_to(self._clock.now_ns(), performance, heartbeat_s)
