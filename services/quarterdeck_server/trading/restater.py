"""The restater: makes the past of equity curves what it would be had every event come in order.

A batch that changes a position in the past of curves leaves a row in its own transaction. Here the
rows are worked off in the order of the log: points, rollups and the row in one transaction, so
that a crash repeats everything or nothing. A point knows up to which place of the log it is true,
and is never moved twice by the same change.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import numpy as np
import structlog

from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.domain.fill import Holding
from quarterdeck_server.trading.domain.restating import (
    Prices,
    Rate,
    Shift,
    Times,
    Turn,
    cash_shift,
)
from quarterdeck_server.trading.following import book_fill
from quarterdeck_server.trading.portfolio import Flow, concerns
from quarterdeck_server.trading.portfolio.replay import Movement
from quarterdeck_server.trading.portfolio.trace import Moment, trace
from quarterdeck_server.trading.ports import PriceHistory
from quarterdeck_server.trading.retelling import position_key
from quarterdeck_server.trading.store import adjustments, amendments, curve, dropped
from quarterdeck_server.trading.store import restatements as store
from quarterdeck_server.trading.store.restatements import Restatement

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
MOST_AT_ONCE = 100
"""Of an account."""

type Turns = dict[Holding, tuple[Turn, Prices]]


class Restater:
    """Works off what batches changed in the past of curves."""

    def __init__(
        self,
        shared: Shared,
        desk: Desk,
        prices: PriceHistory,
        stored: Callable[[], Awaitable[None]],
        told: Callable[[str], Awaitable[None]],
    ) -> None:
        self._postgres, self._compute = shared.postgres, shared.compute
        self._desk, self._prices = desk, prices
        self._stored, self._told = stored, told
        self._lender: Caller | None = None
        self._put_off: set[int] = set()

    def borrow(self, caller: Caller | None) -> None:
        """Ask with the rights of who recorded or reported last: a service has none of its own."""
        if caller is not None and caller.has("MARKETDATA_READ"):
            self._lender = caller

    async def run(self) -> None:
        """Work for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.work()

    async def work(self) -> None:
        """Restate what waits; what cannot be done now waits on, and its account with it."""
        waiting = await store.pending(self._postgres, MOST_AT_ONCE)
        metrics.RESTATEMENTS_WAITING.set(len(waiting))
        if not waiting:
            return
        # Points that do not know of the changes must be stored before they are looked for.
        await self._stored()
        stuck: set[str] = set()
        for one in waiting:
            if one.position > self._desk.position:
                # Another recorder's, which the desk follows within a second.
                return
            if one.account not in stuck and not await self._done(one):
                stuck.add(one.account)

    async def _done(self, one: Restatement) -> bool:
        try:
            turns = await self._turns(one)
            count = await self._restate(one, turns)
        except QuarterdeckError as error:
            if one.position not in self._put_off:
                log.warning("equity_not_restated", position=one.position, error=str(error))
            self._put_off.add(one.position)
            return False
        self._put_off.discard(one.position)
        metrics.RESTATED.inc(count)
        await self._told(one.account)
        log.info("equity_restated", position=one.position, points=count)
        return True

    async def _turns(self, one: Restatement) -> Turns:
        newest_ns = await store.newest(self._postgres, one.account)
        found: Turns = {}
        for holding in one.holdings if newest_ns >= one.from_ns else ():
            turn = await self._turn(one, holding)
            prices = Prices()
            if turn.needs_price():
                span = (one.from_ns, newest_ns + 1)
                prices = await self._prices.closes(holding[2], span, self._lender)
            found[holding] = (turn, prices)
        return found

    async def _turn(self, one: Restatement, holding: Holding) -> Turn:
        async with self._postgres.transaction() as connection:
            before = await self._traced(connection, holding, one.after_position)
            after = await self._traced(connection, holding, one.position)
        return Turn(self._desk.average.instrument(holding[2]), before, after)

    async def _traced(
        self, connection: Connection, holding: Holding, until: int
    ) -> tuple[Moment, ...]:
        key = position_key(holding)
        actions = await adjustments.actions_between(connection, 0, until)
        movements: list[Movement] = [
            action
            for action in actions
            if action.instrument == key.instrument and concerns(action, key.account)
        ]
        fills = await amendments.fills_as_of(connection, holding, until)
        movements += [book_fill(fill) for fill in fills if not fill.is_busted]
        instrument = self._desk.average.instrument(key.instrument)
        # Thousands of fills: others go on meanwhile.
        return await self._compute.thread(trace, key, instrument, movements)

    async def _restate(self, one: Restatement, turns: Turns) -> int:
        """Move the points of the account and of each strategy concerned; count them."""
        async with self._postgres.transaction() as connection:
            await curve.lock(connection, [one.account])
            if not await store.take(connection, one):
                return 0
            flows = await adjustments.flows_between(
                connection, one.account, one.after_position, one.position
            )
            strategies = {"", *(holding[1] for holding in turns), *(one.strategy for one in flows)}
            counts = [
                await self._move(connection, one, strategy, turns, flows)
                for strategy in sorted(strategies)
            ]
        return sum(counts)

    async def _move(
        self,
        connection: Connection,
        one: Restatement,
        strategy: str,
        turns: Turns,
        flows: Sequence[Flow],
    ) -> int:
        rate = self._rate(one.account)

        def total(moments: Sequence[int]) -> tuple[Times, Shift]:
            times = np.array(moments, np.int64)
            known = [flow for flow in flows if strategy in {"", flow.strategy}]
            summed = cash_shift(known, times, rate)
            for (_, owner, _), (turn, prices) in turns.items():
                if strategy in {"", owner}:
                    summed += turn.shift(times, prices, rate)
            return times, summed

        buckets = await dropped.buckets(connection, one.account, strategy, one.from_ns)
        if buckets:
            _, shift = total([bucket.last_time_ns for bucket in buckets])
            where = (one.account, strategy)
            await dropped.move(connection, where, one.from_ns, buckets, shift)
        points = await store.points(connection, one, strategy)
        if points:
            await store.shift(connection, one, strategy, *total(points))
        await curve.restated(connection, one.account, strategy, one.from_ns)
        return len(points) + len(buckets)

    def _rate(self, account: str) -> Rate:
        base = self._desk.bases[account]

        def rate(currency: str) -> float:
            # What has no rate is left out of every sum, as it is of the profit of now.
            return float(self._desk.average.rate(currency, base) or 0)

        return rate
