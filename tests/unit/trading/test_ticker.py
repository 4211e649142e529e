"""The ticker: what readers of profits are told when the bus goes away."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from quarterdeck.api.trading.v1.portfolio_pb2 import ProfitAndLoss
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.bus import LocalBus, Message
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.portfolio import Fill, Instrument, Side
from quarterdeck_server.trading.ticker import Ticker


class AwayAtFirst(LocalBus):
    """Refuses the first messages."""

    refusals = 1

    async def publish(self, messages: Sequence[Message]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("the bus does not answer", dependency="redis")
        await super().publish(messages)


def desk() -> Desk:
    made = Desk()
    made.add_account("A", "USD")
    made.add_instrument(Instrument("I.X", "USD"))
    made.apply(Fill("1", "A", "I.X", "S", Side.BUY, Decimal(1), Decimal(100), 1), 1)
    return made


async def test_profits_that_the_bus_refused_are_told_though_nothing_moves_any_more() -> None:
    bus = AwayAtFirst()
    ticker = Ticker(desk(), bus, SystemClock(), 1)
    publishing = asyncio.create_task(ticker.publish())
    ticker.flush()
    async with asyncio.timeout(5), bus.subscribe(["pnl"], replay=timedelta(minutes=1)) as batches:
        messages = (await anext(batches)).messages
    publishing.cancel()
    told = {message.topic: ProfitAndLoss.FromString(message.payload) for message in messages}
    assert {topic: profit.open_positions for topic, profit in told.items()} == {
        "pnl/A": 1,
        "pnl/A/S": 1,
    }
