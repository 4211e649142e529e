"""The running trading area: restored from the log, kept at the newest prices, saved at its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import orjson
import structlog

from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.runtime.caller import CURRENT
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.settings import TradingSettings
from quarterdeck_server.trading.aggregates import Aggregates
from quarterdeck_server.trading.daily import DailyCurves
from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.facts import Facts
from quarterdeck_server.trading.feed import Feed
from quarterdeck_server.trading.fleet import Fleet
from quarterdeck_server.trading.following import follow
from quarterdeck_server.trading.importer import Importer
from quarterdeck_server.trading.log_readers import LogReaders
from quarterdeck_server.trading.mapping.node import health_of
from quarterdeck_server.trading.portfolio import Book
from quarterdeck_server.trading.ports import Market
from quarterdeck_server.trading.publisher import Publisher
from quarterdeck_server.trading.reconciler import Reconciler
from quarterdeck_server.trading.recorder import Recorder
from quarterdeck_server.trading.restater import Restater
from quarterdeck_server.trading.sampler import Sampler
from quarterdeck_server.trading.store import curve, load, topics
from quarterdeck_server.trading.store.log import Head, lock_head
from quarterdeck_server.trading.store.nodes import NodeStore
from quarterdeck_server.trading.tail import Tail
from quarterdeck_server.trading.ticker import Ticker
from quarterdeck_server.trading.tidings import Tidings

log = structlog.get_logger()

CHECKPOINT_EVERY = 10_000
"""After so many events the portfolio is saved, so that a start need not replay them."""

REPUBLISH_S = 60
MOST_REPUBLISHED = 100_000
FOLLOW_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Area:
    """The parts that the services use."""

    desk: Desk
    recorder: Recorder
    fleet: Fleet
    feed: Feed
    ticker: Ticker
    publisher: Publisher
    sampler: Sampler
    daily: DailyCurves
    aggregates: Aggregates
    reconciler: Reconciler
    importer: Importer
    log_readers: LogReaders
    restater: Restater


@asynccontextmanager
async def opened(settings: TradingSettings, shared: Shared, market: Market) -> AsyncIterator[Area]:
    """Restore the area and run it until the block ends."""
    desk = await restored(settings, shared)
    area = await _assembled(settings, shared, market, desk)
    keeper = Keeper(shared, area)
    work = shared.background
    tasks = [
        work.start("trading-prices", area.ticker.receive),
        work.start("trading-flush", area.ticker.run),
        work.start("trading-profits", area.ticker.publish),
        work.start("trading-records", area.publisher.run),
        work.start("trading-samples", area.sampler.run),
        work.start("trading-aggregates", area.aggregates.run),
        work.start("trading-activity", area.aggregates.fold),
        work.start("trading-nodes", area.fleet.watch_over),
        work.start("trading-breaks", area.reconciler.run),
        work.start("trading-keeper", keeper.run),
        work.start("trading-tail", area.log_readers.tail.run),
        work.start("trading-restatements", area.restater.run),
    ]
    try:
        yield area
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await _saved(area, keeper)


async def restored(settings: TradingSettings, shared: Shared) -> Desk:
    """Return the desk as the log makes it."""
    desk = Desk(settings.reporting_currency)
    await _restore_checkpoint(shared, desk)
    for mark in await load.marks(shared.postgres):
        desk.books.newest[mark.instrument] = mark
    for instrument in await load.facts(shared.postgres):
        desk.add_instrument(instrument)
    for account in await load.accounts(shared.postgres):
        desk.add_account(account.account, account.base_currency)
    for name, time_ns in (await curve.shown(shared.postgres)).items():
        desk.showed(name, time_ns)
    async with shared.postgres.transaction() as connection:
        # While the head is locked, nothing can change what was read before.
        head = await lock_head(connection)
        await follow(desk, connection, head.event_position)
    desk.revalue_all()
    desk.flush()
    log.info("portfolio_restored", position=desk.position, accounts=len(desk.bases))
    return desk


async def _restore_checkpoint(shared: Shared, desk: Desk) -> None:
    checkpoint = await load.newest_checkpoint(shared.postgres)
    if checkpoint is None:
        return
    position, average, fifo = checkpoint
    try:
        desk.restore(Book.restore(average), Book.restore(fifo), position)
    except (QuarterdeckError, KeyError) as error:
        # Of another version: the log has everything.
        log.warning("checkpoint_not_restored", position=position, error=repr(error))


async def _assembled(settings: TradingSettings, shared: Shared, market: Market, desk: Desk) -> Area:
    postgres, bus, clock = shared.postgres, shared.bus, shared.clock
    head = await load.head(postgres)
    publisher = await _publisher(shared, head)
    epoch = await topics.new_epoch(postgres, clock.now_ns() // NS)
    ticker = Ticker(desk, bus, clock, epoch)
    feed = Feed(desk, clock)
    sampler = Sampler(postgres, clock, settings.equity_interval, lambda: desk.books.newest)
    ticker.listen(feed.flushed)
    ticker.listen(sampler.flushed)
    facts = Facts(postgres, market.instruments, desk)
    tail = Tail(postgres, desk.position)

    async def stored() -> None:
        ticker.flush()
        await sampler.write()

    tidings = Tidings(bus, clock, epoch)
    restater = Restater(shared, desk, market.history, stored, tidings.restated)

    def moved() -> None:
        restater.borrow(CURRENT.get())
        ticker.wake()
        tail.reached(desk.position)

    recorder = Recorder(shared, desk, facts, publisher, moved, settings.equity_interval)
    nodes, lost_after = NodeStore(postgres, health_of), settings.node_lost_after
    fleet = Fleet(nodes, desk, bus, clock, lost_after, epoch=epoch)
    await fleet.load()
    return Area(
        desk=desk,
        recorder=recorder,
        fleet=fleet,
        feed=feed,
        ticker=ticker,
        publisher=publisher,
        sampler=sampler,
        daily=DailyCurves(postgres, desk.in_base),
        aggregates=await _aggregates(settings, postgres),
        reconciler=Reconciler(shared, desk, settings.doubt_after),
        importer=Importer(recorder, facts, shared.compute),
        log_readers=LogReaders(postgres, tail, head.epoch, clock),
        restater=restater,
    )


async def _publisher(shared: Shared, head: Head) -> Publisher:
    since = shared.clock.now_ns() - REPUBLISH_S * NS
    through = await topics.position_before(shared.postgres, since, MOST_REPUBLISHED)
    publisher = Publisher(shared.postgres, shared.bus, head.epoch, through)
    publisher.reached(head.record_position)
    return publisher


async def _aggregates(settings: TradingSettings, postgres: Postgres) -> Aggregates:
    aggregates = Aggregates(
        postgres,
        DayRoll(ZoneInfo(settings.day_zone), settings.day_roll),
        settings.point_retention,
        settings.minute_retention,
    )
    await aggregates.keep_days()
    return aggregates


class Keeper:
    """Follows the log where it moved without the desk, and saves the portfolio now and then."""

    def __init__(self, shared: Shared, area: Area) -> None:
        self._shared, self._area = shared, area
        self._saved_at = area.desk.position

    async def run(self) -> None:
        """Look after the desk for ever."""
        while True:
            await asyncio.sleep(FOLLOW_EVERY_S)
            await self.follow()
            if self._area.desk.position - self._saved_at >= CHECKPOINT_EVERY:
                await self.save()

    async def follow(self) -> None:
        """Apply and publish what a doubtful commit or another recorder left in the log."""
        head = await load.head(self._shared.postgres)
        if head.event_position > self._area.desk.position:
            await self._area.recorder.catch_up()
        self._area.publisher.reached(head.record_position)

    async def save(self) -> None:
        """Store the portfolio."""
        desk = self._area.desk
        position = desk.position
        # Amid following, some of it is further than the position says.
        if position == self._saved_at or desk.ahead:
            return
        average, fifo = desk.books.saved()
        await load.save_checkpoint(
            self._shared.postgres,
            position,
            await self._shared.compute.thread(orjson.dumps, average),
            await self._shared.compute.thread(orjson.dumps, fifo),
        )
        self._saved_at = position


async def _saved(area: Area, keeper: Keeper) -> None:
    """Store what only memory has; what cannot be stored now, the log gives again."""
    area.ticker.flush()
    try:
        await area.sampler.close()
        await keeper.save()
    except QuarterdeckError as error:
        log.warning("portfolio_not_saved", error=str(error))
