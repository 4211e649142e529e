"""Keeping to a vendor's quota: requests go out in the order in which they were asked for."""

import asyncio
from collections.abc import Sequence

from quarterdeck_server.adapters.http import metrics
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.marketdata.domain.quota import Ledger, Window
from quarterdeck_server.marketdata.domain.source import Quota
from quarterdeck_server.marketdata.source_ports import QuotaStore
from quarterdeck_server.runtime.clock import Clock

REMEMBERED_S = 60.0
"""Windows shorter than this are over before a process is back."""
LONGEST_SLEEP_S = 60.0
"""The clock may be set meanwhile."""


class QuotaKeeper:
    """Hands out requests, one after the other, when a vendor allows them."""

    def __init__(
        self, source: str, windows: Sequence[Window], store: QuotaStore, clock: Clock
    ) -> None:
        self._source, self._store, self._clock = source, store, clock
        self._ledger = Ledger(windows)
        self._length_s = max(window.length_s for window in windows)
        # Waiters of a lock go on in their order.
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Read what was used before this process."""
        if self._length_s >= REMEMBERED_S:
            used = await self._store.used(self._source, self._since_ns(self._clock.now_ns()))
            self._ledger = Ledger(self._ledger.windows, used)

    async def take(self) -> None:
        """Wait until one more request is allowed, and count it."""
        async with self._turn:
            await self._wait()
            now_ns = self._clock.now_ns()
            if self._length_s >= REMEMBERED_S:
                await self._store.use(self._source, now_ns, self._since_ns(now_ns))
            self._ledger.take(now_ns)

    def block(self, seconds: float) -> None:
        """Allow nothing for a while: the vendor said so."""
        self._ledger.block(self._clock.now_ns() + round(seconds * NS))

    def quotas(self) -> tuple[Quota, ...]:
        """Return what is left."""
        return self._ledger.quotas(self._clock.now_ns())

    def _since_ns(self, now_ns: int) -> int:
        """Return the time before which requests count no more."""
        return now_ns - round(self._length_s * NS)

    async def _wait(self) -> None:
        while True:
            now_ns = self._clock.now_ns()
            pause_s = (self._ledger.next_ns(now_ns) - now_ns) / NS
            if pause_s <= 0:
                return
            pause_s = min(pause_s, LONGEST_SLEEP_S)
            metrics.QUOTA_WAIT_SECONDS.labels(self._source).inc(pause_s)
            await asyncio.sleep(pause_s)
