"""Live profits and restatements, as they come over the bus."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from quarterdeck.api.trading.v1.portfolio_pb2 import ProfitAndLoss
from quarterdeck_server.analytics.profits import Profits
from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.runtime.bus import Batch, LocalBus, Message
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.trading.tidings import Tidings

ACCOUNT, STRATEGY = "SIM/1", "momentum"


async def test_the_newest_profit_wakes_who_waits_for_it_and_restatements_are_counted() -> None:
    bus = LocalBus()
    profits = Profits(bus, DayRoll(ZoneInfo("UTC"), time()))
    tasks = [asyncio.create_task(work()) for work in (profits.run, profits.hear)]
    changed, other = profits.changes(ACCOUNT, STRATEGY), profits.changes(ACCOUNT, "")
    message = ProfitAndLoss(account=ACCOUNT, strategy=STRATEGY)
    message.total_profit.value = "12.5"
    message.event_time.seconds = 86_400
    await asyncio.sleep(0)
    topic = f"pnl/SIM%2F1/{STRATEGY}"
    await bus.publish([Message(topic, 1, 1, 1, 0, message.SerializeToString())])
    async with asyncio.timeout(5):
        await changed.wait()
        assert not other.is_set()
        await Tidings(bus, SystemClock(), 1).restated(ACCOUNT)
        await other.wait()
    assert profits.restatements(ACCOUNT) == 1
    found = profits.newest(ACCOUNT, STRATEGY)
    assert found is not None
    assert (found.day, found.profit) == (1, 12.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_who_waits_learns_of_a_changed_past_though_profit_stays_what_it_was() -> None:
    bus = LocalBus()
    profits = Profits(bus, DayRoll(ZoneInfo("UTC"), time()))
    hearing = asyncio.create_task(profits.hear())
    waiting = [profits.changes(ACCOUNT, one) for one in ("", STRATEGY)]
    other = profits.changes("SIM/10", "")
    await asyncio.sleep(0)
    await Tidings(bus, SystemClock(), 1).restated(ACCOUNT)
    async with asyncio.timeout(5):
        for changed in waiting:
            await changed.wait()
    assert not other.is_set()
    hearing.cancel()


class LossyBus(LocalBus):
    """Says after a profit that others may be missing."""

    @asynccontextmanager
    async def subscribe(
        self, kinds: Collection[str], *, replay: timedelta = timedelta(0)
    ) -> AsyncIterator[AsyncIterator[Batch]]:
        async def batches() -> AsyncIterator[Batch]:
            yield Batch((Message("pnl/SIM%2F1", 1, 1, 1, 0, b""),))
            yield Batch((), lost=True)

        yield batches()


async def test_profits_that_may_not_be_the_newest_are_forgotten_and_days_read_again() -> None:
    profits = Profits(LossyBus(), DayRoll(ZoneInfo("UTC"), time()))
    changed = profits.changes(ACCOUNT, STRATEGY)
    await profits.run()
    assert changed.is_set()
    assert profits.newest(ACCOUNT, "") is None
    assert profits.restatements(ACCOUNT) == 1
