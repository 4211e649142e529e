"""Live profits and restatements, as they come over the bus."""

import asyncio
from datetime import time
from zoneinfo import ZoneInfo

from quarterdeck.api.trading.v1.portfolio_pb2 import ProfitAndLoss
from quarterdeck_server.analytics.profits import Profits
from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.runtime.bus import LocalBus, Message
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
    await Tidings(bus, SystemClock(), 1).restated(ACCOUNT)
    async with asyncio.timeout(5):
        await changed.wait()
        while not profits.restatements(ACCOUNT):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
    assert not other.is_set()
    found = profits.newest(ACCOUNT, STRATEGY)
    assert found is not None
    assert (found.day, found.profit) == (1, 12.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
