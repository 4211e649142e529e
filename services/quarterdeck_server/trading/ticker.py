"""The ticker: prices in, values out, as fast as they come and no faster than they can be valued.

What arrives while one flush is computed leaves with the next, the newest price of each topic alone:
load makes flushes bigger, not more numerous.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.bus import Bus, Message
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.desk import Desk, Flush
from quarterdeck_server.trading.domain import topic as names
from quarterdeck_server.trading.mapping.portfolio import profit_to
from quarterdeck_server.trading.mapping.price import PRICES, price_from
from quarterdeck_server.trading.profit import ProfitAndLoss

log = structlog.get_logger()

FLOOR_S = 0.02
"""The shortest time between two flushes."""

RETRY_PAUSE_S = 0.2

REPLAY = timedelta(seconds=60)
"""What the bus keeps, so that a start has the prices that a crash did not let it store."""

type Listener = Callable[[Flush], None]


class Ticker:
    """Keeps the desk at the newest prices, and tells of every flush."""

    def __init__(self, desk: Desk, bus: Bus, clock: Clock, epoch: int) -> None:
        self._desk, self._bus, self._clock, self._epoch = desk, bus, clock, epoch
        self._pending: dict[str, Message] = {}
        self._arrived = asyncio.Event()
        self._listeners: list[Listener] = []
        self._unsent: dict[str, ProfitAndLoss] = {}
        self._to_send = asyncio.Event()
        self._sequences: dict[str, int] = {}

    def listen(self, listener: Listener) -> None:
        """Call a listener after every flush that changed something."""
        self._listeners.append(listener)

    def wake(self) -> None:
        """Flush soon: something but a price changed the desk."""
        self._arrived.set()

    async def receive(self) -> None:
        """Take prices from the bus for ever, those of the last minute first."""
        async with self._bus.subscribe(tuple(PRICES), replay=REPLAY) as batches:
            async for batch in batches:
                self.take(batch.messages)

    def take(self, messages: Sequence[Message]) -> None:
        """Keep the newest message of each topic for the next flush."""
        for message in messages:
            # Put last, so that of two topics of one instrument the newer is valued later.
            self._pending.pop(message.topic, None)
            self._pending[message.topic] = message
        self._arrived.set()

    async def run(self) -> None:
        """Flush for ever, each time something arrived."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            self.flush()
            await asyncio.sleep(FLOOR_S)

    def flush(self) -> None:
        """Value what arrived, and tell of it."""
        started = time.perf_counter()
        pending, self._pending = self._pending, {}
        for message in pending.values():
            if price := price_from(topics.kind(message.topic), message.payload):
                self._desk.price(price)
        if refused := self._desk.books.refused_prices:
            metrics.PRICES_REFUSED.inc(refused)
            self._desk.books.refused_prices = 0
        if flush := self._desk.flush():
            metrics.FLUSH.observe(time.perf_counter() - started)
            self._tell(flush)

    async def publish(self) -> None:
        """Publish changed profits for ever; what the bus cannot take now is replaced by newer."""
        while True:
            await self._to_send.wait()
            self._to_send.clear()
            unsent, self._unsent = self._unsent, {}
            messages = [self._message(topic, profit) for topic, profit in unsent.items()]
            try:
                await self._bus.publish(messages)
            except Unavailable as error:
                log.warning("profits_not_published", error=str(error))
                self._unsent = unsent | self._unsent
                self._to_send.set()
                await asyncio.sleep(RETRY_PAUSE_S)

    def _tell(self, flush: Flush) -> None:
        for profit in flush.profits:
            self._unsent[names.profit(profit.account, profit.strategy)] = profit
        if flush.profits:
            self._to_send.set()
        for listener in self._listeners:
            listener(flush)

    def _message(self, topic: str, profit: ProfitAndLoss) -> Message:
        sequence = self._sequences[topic] = self._sequences.get(topic, 0) + 1
        payload = profit_to(profit).SerializeToString()
        return Message(topic, self._epoch, sequence, 1, self._clock.now_ns(), payload)
