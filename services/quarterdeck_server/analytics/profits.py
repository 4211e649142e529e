"""The newest live profits, as the trading area publishes them on the bus."""

import asyncio
from datetime import timedelta

from quarterdeck_server.analytics.domain.live import LiveProfit
from quarterdeck_server.analytics.mapping.live import profit_from
from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.runtime.bus import Bus, Message

PROFITS = "pnl"
RESTATED = "_restated"
"""An account whose finished days were changed: by late fills, corrections, cash of the past."""
REPLAY = timedelta(seconds=60)


class Profits:
    """Keeps the newest profit of every account and strategy, and wakes who waits for it."""

    def __init__(self, bus: Bus, roll: DayRoll) -> None:
        self._bus, self._roll = bus, roll
        self._newest: dict[str, bytes] = {}
        self._restated: dict[str, int] = {}
        self._changed: dict[str, asyncio.Event] = {}

    async def run(self) -> None:
        """Follow the bus for ever."""
        async with self._bus.subscribe((PROFITS,), replay=REPLAY) as batches:
            async for batch in batches:
                for message in batch.messages:
                    self._take(message)

    async def hear(self) -> None:
        """Follow for ever what trading says of its past."""
        async with self._bus.subscribe((RESTATED,)) as batches:
            async for batch in batches:
                for message in batch.messages:
                    (_, account) = topics.split(message.topic)
                    self._restated[account] = self._restated.get(account, 0) + 1

    def newest(self, account: str, strategy: str) -> LiveProfit | None:
        """Return the newest profit, if one was published lately."""
        payload = self._newest.get(_topic(account, strategy))
        return None if payload is None else profit_from(payload, self._roll)

    def restatements(self, account: str) -> int:
        """Count how often finished days of an account were changed."""
        return self._restated.get(account, 0)

    def changes(self, account: str, strategy: str) -> asyncio.Event:
        """Return what is set at the next change of a profit."""
        return self._changed.setdefault(_topic(account, strategy), asyncio.Event())

    def _take(self, message: Message) -> None:
        self._newest[message.topic] = message.payload
        if changed := self._changed.pop(message.topic, None):
            changed.set()


def _topic(account: str, strategy: str) -> str:
    return topics.topic(PROFITS, account, *([strategy] if strategy else []))
