"""The newest live profits, as the trading area publishes them on the bus."""

import asyncio
from collections.abc import Callable, Sequence
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
        self._doubts = 0
        self._changed: dict[str, asyncio.Event] = {}

    async def run(self) -> None:
        """Follow the bus for ever."""
        async with self._bus.subscribe((PROFITS,), replay=REPLAY) as batches:
            async for batch in batches:
                if self._newest and (batch.lost or batch.away):
                    self._doubt()
                for message in batch.messages:
                    self._take(message)

    async def hear(self) -> None:
        """Follow for ever what trading says of its past."""
        async with self._bus.subscribe((RESTATED,)) as batches:
            async for batch in batches:
                for message in batch.messages:
                    self._restate(topics.split(message.topic)[1])

    def newest(self, account: str, strategy: str) -> LiveProfit | None:
        """Return the newest profit, if one was published lately."""
        payload = self._newest.get(_topic(account, strategy))
        return None if payload is None else profit_from(payload, self._roll)

    def restatements(self, account: str) -> int:
        """Count how often finished days of an account were changed, or may have been."""
        return self._restated.get(account, 0) + self._doubts

    def changes(self, account: str, strategy: str) -> asyncio.Event:
        """Return what is set at the next change of a profit."""
        return self._changed.setdefault(_topic(account, strategy), asyncio.Event())

    def _take(self, message: Message) -> None:
        self._newest[message.topic] = message.payload
        self._wake(message.topic)

    def _restate(self, account: str) -> None:
        """Wake who waits: profit need not change with the past, and no other word may come."""
        self._restated[account] = self._restated.get(account, 0) + 1
        self._wake_all(lambda parts: parts[1] == account)

    def _doubt(self) -> None:
        """Forget profits that may not be the newest: until the next ones, what is stored tells."""
        self._newest.clear()
        self._doubts += 1
        self._wake_all(lambda _: True)

    def _wake_all(self, concerned: Callable[[Sequence[str]], bool]) -> None:
        for topic in tuple(self._changed):
            if concerned(topics.split(topic)):
                self._wake(topic)

    def _wake(self, topic: str) -> None:
        if changed := self._changed.pop(topic, None):
            changed.set()


def _topic(account: str, strategy: str) -> str:
    return topics.topic(PROFITS, account, *([strategy] if strategy else []))
