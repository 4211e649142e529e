"""The restater: makes the past of equity curves what it would be had every event come in order.

A batch that changes a position in the past of curves leaves a row in its own transaction. Here the
rows are worked off in the order of the log: points, rollups and the row in one transaction, so
that a crash repeats everything or nothing. A point knows up to which place of the log it is true,
and is never moved twice by the same change.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import numpy as np
import structlog

from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.kernel.money import exact
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.domain.amendment import History
from quarterdeck_server.trading.domain.fill import Fill, FillKey, Holding
from quarterdeck_server.trading.domain.restating import (
    Prices,
    Shift,
    Times,
    Track,
    Tracker,
    Turn,
    cash_shift,
)
from quarterdeck_server.trading.following import book_fill
from quarterdeck_server.trading.portfolio import Flow, Replay
from quarterdeck_server.trading.portfolio.trace import Trace
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


class Side:
    """A position as it was known at a place of the log."""

    def __init__(self, place: int, replay: Replay) -> None:
        self.known_ns = replay.known_ns
        self._place, self._trace, self._tracker = place, Trace(replay), Tracker()
        with exact():
            self._tracker.add(self._trace.known())

    def take(self, fills: Sequence[Fill], told: Mapping[FillKey, History]) -> None:
        """Take the next fills, and what was told of them, in the order in which they count."""
        place = self._place
        known = (fill for fill in fills if fill.position <= place)
        as_told = (told[x.key].until(place).applied(x) if x.key in told else x for x in known)
        with exact():
            counted = (book_fill(fill) for fill in as_told if not fill.is_busted)
            self._tracker.add(self._trace.steps(counted))

    def track(self) -> Track:
        """Return the whole of it."""
        with exact():
            self._tracker.add(self._trace.rest())
        return self._tracker.track()


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
        known: dict[str, Prices] = {}
        for holding in one.holdings if newest_ns >= one.from_ns else ():
            turn, instrument = await self._turn(one, holding), holding[2]
            if instrument not in known and await self._compute.thread(turn.needs_price):
                span = (one.from_ns, newest_ns + 1)
                known[instrument] = await self._prices.closes(instrument, span, self._lender)
            found[holding] = (turn, known.get(instrument, Prices()))
        return found

    async def _turn(self, one: Restatement, holding: Holding) -> Turn:
        """Follow a position from the last state on that both sides know."""
        async with self._postgres.transaction() as connection:
            sides = await self._sides(connection, one, holding)
            known_ns, end = sides[0].known_ns, one.position
            async for fills, told in amendments.told_of(connection, holding, known_ns, end):
                # They may be thousands: others go on meanwhile.
                await self._compute.thread(_follow, sides, fills, told)
        instrument = self._desk.average.instrument(holding[2])
        return Turn(instrument, *[await self._compute.thread(side.track) for side in sides])

    async def _sides(
        self, connection: Connection, one: Restatement, holding: Holding
    ) -> Sequence[Side]:
        places = (one.after_position, one.position)
        known = [await adjustments.actions_between(connection, 0, place) for place in places]
        key, book, since_ns = position_key(holding), self._desk.average, one.from_ns
        while True:
            begun = [book.past(key, since_ns, actions) for actions in known]
            # The desk goes on meanwhile: what it took already must not be in the state.
            told_ns = await amendments.first_told_since(connection, holding, one.after_position)
            if told_ns is None or told_ns > begun[0].known_ns:
                return [Side(*each) for each in zip(places, begun, strict=True)]
            since_ns = told_ns

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
        known = [flow for flow in flows if strategy in {"", flow.strategy}]
        mine = [turn for (_, owner, _), turn in turns.items() if strategy in {"", owner}]
        rates = self._rates(one.account, known, mine)

        async def total(moments: Sequence[int]) -> tuple[Times, Shift]:
            times = np.array(moments, np.int64)
            return times, await self._compute.thread(_shift, times, known, mine, rates)

        buckets = await dropped.buckets(connection, one.account, strategy, one.from_ns)
        if buckets:
            _, shift = await total([bucket.last_time_ns for bucket in buckets])
            where = (one.account, strategy)
            await dropped.move(connection, where, one.from_ns, buckets, shift)
        points = await store.points(connection, one, strategy)
        if points:
            await store.shift(connection, one, strategy, *await total(points))
        await curve.restated(connection, one.account, strategy, one.from_ns)
        return len(points) + len(buckets)

    def _rates(
        self, account: str, flows: Sequence[Flow], turns: Sequence[tuple[Turn, Prices]]
    ) -> Mapping[str, float]:
        """Return what a unit of each currency is in the account's, of now."""
        base, book = self._desk.bases[account], self._desk.average
        currencies = {flow.money.currency for flow in flows}
        for turn, _ in turns:
            currencies |= turn.currencies()
        # What has no rate is left out of every sum, as it is of the profit of now.
        return {one: float(book.rate(one, base) or 0) for one in currencies}


def _shift(
    times: Times,
    flows: Sequence[Flow],
    turns: Sequence[tuple[Turn, Prices]],
    rates: Mapping[str, float],
) -> Shift:
    summed = cash_shift(flows, times, rates.__getitem__)
    for turn, prices in turns:
        summed += turn.shift(times, prices, rates.__getitem__)
    return summed


def _follow(sides: Sequence[Side], fills: Sequence[Fill], told: Mapping[FillKey, History]) -> None:
    for side in sides:
        side.take(fills, told)
