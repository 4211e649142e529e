"""Live execution quality: of a window that slides with the newest change of an order.

A stream computes when an order or a fill in its scope changed and its reader took the last answer;
what changed meanwhile is in the next one. The bus is followed while somebody reads.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from quarterdeck_server.analytics import metrics
from quarterdeck_server.analytics.domain.execution.asking import (
    AskedOrders,
    Manner,
    Scope,
    Window,
)
from quarterdeck_server.analytics.domain.execution.quality import QualityWindow
from quarterdeck_server.analytics.executions import Executions
from quarterdeck_server.analytics.live import Pulse
from quarterdeck_server.analytics.mapping import live_quality as mapping
from quarterdeck_server.analytics.mapping.live_quality import Change
from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.runtime.bus import Bus
from quarterdeck_server.runtime.clock import Clock

KINDS = ("orders", "fills")
DEFAULT_RATE = 1.0
DEFAULT_WINDOW_S = 3_600
RECENT_ORDERS = 100

type Wanted = Callable[[Change], bool]


@dataclass(eq=False, slots=True)
class Reader:
    """Somebody who waits for changes."""

    wants: Wanted
    newest_ns: int = 0
    is_behind: bool = True
    """Whether changes may have been missed, so that the newest must be asked for."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, change: Change) -> None:
        """Wake up, if the change is wanted."""
        if self.wants(change):
            self.newest_ns = max(self.newest_ns, change.time_ns)
            self.changed.set()

    def miss(self) -> None:
        """Wake up: nobody knows what changed."""
        self.is_behind = True
        self.changed.set()


class Changes:
    """Follows the orders and fills on the bus for those who wait for them."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._readers: set[Reader] = set()
        self._asked, self._followed = asyncio.Event(), asyncio.Event()

    @contextmanager
    def reader(self, wants: Wanted) -> Iterator[Reader]:
        """Wake a reader at changes while the block runs."""
        reader = Reader(wants)
        self._readers.add(reader)
        self._asked.set()
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    async def followed(self) -> None:
        """Return when no change can be missed any more."""
        await self._followed.wait()

    async def run(self) -> None:
        """Follow the bus for ever, while there are readers."""
        while True:
            await self._asked.wait()
            try:
                await self._follow()
            finally:
                self._followed.clear()

    async def _follow(self) -> None:
        async with self._bus.subscribe(KINDS) as batches:
            self._followed.set()
            # Those who read already may have missed what came before.
            self._miss()
            async for batch in batches:
                if not self._readers:
                    # At once, so that nobody who comes now takes this for followed.
                    self._asked.clear()
                    self._followed.clear()
                    return
                if batch.lost or batch.away:
                    self._miss()
                for message in batch.messages:
                    self._take(message.topic, message.payload)

    def _take(self, topic: str, payload: bytes) -> None:
        if (change := mapping.change_from(topic, payload)) is not None:
            for reader in self._readers:
                reader.take(change)

    def _miss(self) -> None:
        for reader in self._readers:
            reader.miss()


@dataclass(frozen=True, slots=True)
class LiveQuality:
    """The execution quality of a scope over a sliding window."""

    executions: Executions
    scope: Scope
    manner: Manner
    window_s: int = DEFAULT_WINDOW_S

    async def newest_ns(self) -> int:
        """Return the newest change of the orders that were made last; 0 without one."""
        wanted = AskedOrders(self.scope, Window(), self.manner)
        return (await self.executions.recent(wanted, RECENT_ORDERS)).newest_ns

    async def window(self, newest_ns: int) -> QualityWindow:
        """Return the quality of the orders made in the window that ends with a change."""
        if not newest_ns:
            return QualityWindow()
        start_ns = max(0, newest_ns - self.window_s * NS)
        wanted = AskedOrders(self.scope, Window(start_ns), self.manner)
        return QualityWindow(await self.executions.qualities(wanted), start_ns, newest_ns)

    def wants(self, change: Change) -> bool:
        """Tell whether a change is within the scope."""
        scope = self.scope
        pairs = (
            (scope.account, change.account),
            (scope.strategy, change.strategy),
            (scope.instrument, change.instrument),
            (scope.venue, change.instrument.rpartition(".")[2]),
            # A fill does not tell the type of its order, which is told beside it.
            (scope.order_type if change.order_type else "", change.order_type),
        )
        return all(not wanted or wanted == told for wanted, told in pairs)


class QualityStream:
    """The answers to one reader; ``sees`` tells which accounts and strategies it may see."""

    def __init__(
        self,
        live: LiveQuality,
        changes: Changes,
        pulse: Pulse,
        clock: Clock,
        sees: Callable[[str, str], bool],
    ) -> None:
        self._live, self._changes, self._pulse = live, changes, pulse
        self._clock, self._sees = clock, sees

    async def answers(self) -> AsyncGenerator[bytes]:
        """Yield encoded answers for ever: the quality when it changed, else a heartbeat."""
        with (
            metrics.QUALITY_READERS.track_inprogress(),
            self._changes.reader(self._wants) as reader,
        ):
            await self._changes.followed()
            yield await self._answer(reader, self._pulse.heartbeat_s)
            while True:
                for pause_s, beats in self._pulse.pauses():
                    await asyncio.sleep(pause_s)
                    if beats:
                        yield mapping.answer_to(self._clock.now_ns())
                if await self._happens(reader):
                    yield await self._answer(reader)
                else:
                    yield mapping.answer_to(self._clock.now_ns())

    def ended(self, error: QuarterdeckError) -> bytes:
        """Encode the answer that says why the stream ends."""
        return mapping.ended(self._clock.now_ns(), error)

    def _wants(self, change: Change) -> bool:
        return self._live.wants(change) and self._sees(change.account, change.strategy)

    async def _answer(self, reader: Reader, heartbeat_s: float | None = None) -> bytes:
        reader.changed.clear()
        if reader.is_behind:
            reader.is_behind = False
            reader.newest_ns = max(reader.newest_ns, await self._live.newest_ns())
        window = await self._live.window(reader.newest_ns)
        return mapping.answer_to(self._clock.now_ns(), window, heartbeat_s)

    async def _happens(self, reader: Reader) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pulse.heartbeat_s):
                await reader.changed.wait()
        return reader.changed.is_set()
