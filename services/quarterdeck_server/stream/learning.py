"""Which topics the patterns of a new stream name, found out in turns with the other streams."""

import asyncio
from collections.abc import Hashable
from weakref import WeakValueDictionary

from quarterdeck_server.stream.engine.hub import Hub
from quarterdeck_server.stream.engine.plan import Plan


class Learning:
    """Compares plans with the topics of a hub.

    The readers of a worker that died come to another at once, and with the same plans. The first
    of them compares for all: a thousand comparisons in turns would end together, much later.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._turns: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    async def learn(self, plan: Plan) -> None:
        """Find out what a plan names, unless a group with the same plan has."""
        async with self._turns.setdefault(plan.key, asyncio.Lock()):
            if not self._hub.index.has(plan):
                for _ in plan.learn(tuple(self._hub.topics)):
                    await asyncio.sleep(0)
