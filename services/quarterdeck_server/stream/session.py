"""A live stream: the loop that writes frames, its heartbeat, its end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from quarterdeck_server.kernel.errors import NotFound, QuarterdeckError, ReaderTooSlow, Unavailable
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.stream import metrics
from quarterdeck_server.stream.claims import Claims
from quarterdeck_server.stream.connection import Connection
from quarterdeck_server.stream.domain import (
    Control,
    Cursor,
    Ended,
    Subscribed,
    Subscription,
    Unsubscribed,
)
from quarterdeck_server.stream.engine.frame import Frame, joined
from quarterdeck_server.stream.engine.hub import Hub
from quarterdeck_server.stream.engine.plan import Plan
from quarterdeck_server.stream.engine.reader import Reader
from quarterdeck_server.stream.filling import PATIENCE_S, PAUSE_S, Filling
from quarterdeck_server.stream.learning import Learning
from quarterdeck_server.stream.ports import Records
from quarterdeck_server.stream.rights import scope_of

NS = 1_000_000_000
MEASURE_EVERY = 16
MOST_WAITING_BYTES = 8 * 1024 * 1024
"""A reader for whom more waits of its own must read it before it changes its subscriptions."""
LINGER_S = 3.0
LINGER_OF_SLOW_S = 30.0
"""A reader that was cut may take so long to come and read why; only then its call is dropped."""

type Write = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a stream from its beginning."""

    session: str
    peer: str
    user_agent: str
    open_time_ns: int
    heartbeat_s: float


@dataclass(frozen=True, slots=True)
class Wish:
    """What a stream asks for: subscriptions, and where to resume, with the fields' paths."""

    subscriptions: tuple[Subscription, ...]
    cursors: Mapping[str, tuple[Cursor, str]]

    def places(self) -> dict[str, Cursor]:
        """Return the cursors alone."""
        return {topic: cursor for topic, (cursor, _) in self.cursors.items()}


@dataclass(slots=True)
class Means:
    """What the streams of a worker share."""

    hub: Hub
    clock: Clock
    records: Records
    learning: Learning = field(init=False)

    def __post_init__(self) -> None:
        self.learning = Learning(self.hub)


class Session:
    """One call of Watch."""

    def __init__(self, about: About, caller: Caller, means: Means) -> None:
        hub, clock = means.hub, means.clock
        self.about = about
        self.caller = caller
        self.plan = Plan((), scope_of(caller))
        self.reader = Reader(hub, self._wake, self._cut)
        self._hub, self._clock = hub, clock
        self._claims = Claims(hub)
        self._filling = Filling(self.reader, means.records, clock, self.end)
        self._filling.token = caller.token
        self._changing = asyncio.Lock()
        self._learning = means.learning
        self._woken: asyncio.Future[None] | None = None
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.was_cut = False
        self._ending: Ended | None = None
        self._drop_at = 0.0
        self._is_dropped = self._is_over = False

    async def begin(self, wish: Wish, opening: Sequence[Control]) -> None:
        """Subscribe for the first time."""
        async with self._changing:
            plan = Plan(wish.subscriptions, scope_of(self.caller))
            await self._learning.learn(plan)
            self._attach(plan, wish, [*opening, *self._subscribed(wish.subscriptions)])

    async def change(
        self, add: Wish, remove: Sequence[str], caller: Caller, admit: Callable[[Plan], None]
    ) -> None:
        """Change the subscriptions, if ``admit`` lets the new ones pass; take the caller's token.

        One change at a time: what is admitted is what is subscribed to afterwards.
        """
        async with self._changing:
            plan = self.plan.changed(add.subscriptions, remove, scope_of(caller))
            admit(plan)
            await self._learning.learn(plan)
            await self._settle()
            if self._ending is not None or self._is_over:
                raise NotFound("session", self.about.session)
            self._check_keeps_up(add, remove)
            self._go_on(plan, add, remove, caller)

    def _go_on(self, plan: Plan, add: Wish, remove: Sequence[str], caller: Caller) -> None:
        gone = [name for name in remove if name in self.plan.subscriptions]
        self.caller, self._filling.token = caller, caller.token
        if plan.key != self.plan.key or gone or add.subscriptions:
            controls: list[Control] = [Unsubscribed(name) for name in gone]
            self._attach(plan, add, controls + self._subscribed(add.subscriptions))
        self._wake()

    def _check_keeps_up(self, add: Wish, remove: Sequence[str]) -> None:
        """Refuse a change to who has not read the last ones: each takes along what waits."""
        waiting = self.reader.backlog_bytes
        if (add.subscriptions or remove) and waiting > MOST_WAITING_BYTES:
            raise ReaderTooSlow(waiting)

    async def run(self, write: Write) -> None:
        """Write frames until the stream ends; raises why it ended."""
        self._task = task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(self.about.heartbeat_s, self._beat)
        try:
            await self._write_frames(write)
        except asyncio.CancelledError:
            if task is None or not self._is_dropped or self._ending is None:
                raise
            task.uncancel()
            raise self._ending.error from None
        finally:
            self._task, self._is_over = None, True
            if self._timer is not None:
                self._timer.cancel()
            self._filling.cancel()
            self.reader.detach()

    def end(self, error: QuarterdeckError, linger_s: float = LINGER_S) -> None:
        """End the stream soon: the reader is told why, as its last message."""
        if self._ending is None:
            self._ending = Ended(error, error.kind.value in {"unavailable", "exhausted"})
            self._drop_at = self._clock.monotonic() + linger_s
            self._wake()

    def check_cursors(self, now: float) -> None:
        """End a stream that would wait for ever for what its cursor claims to have."""
        if error := self._claims.refuted(now):
            self.end(error)

    def drop_if_stuck(self, now: float) -> None:
        """End a call whose reader does not even take in why it ends."""
        if self._ending is not None and now > self._drop_at and self._task is not None:
            self._is_dropped = True
            self._task.cancel()

    def show(self) -> Connection:
        """Return what is told about the stream."""
        about, now = self.about, self._clock.monotonic()
        return Connection(
            f"connections/{about.session}",
            self.caller.principal,
            about.peer,
            about.user_agent,
            about.open_time_ns,
            tuple(self.plan.subscriptions),
            replace(self.reader.sent),
            self.reader.behind_bytes,
            self.reader.behind_s(now),
        )

    def _attach(self, plan: Plan, wish: Wish, controls: Sequence[Control]) -> None:
        self.plan = plan
        self._claims.add(wish.cursors)
        self._filling.blame({topic: field for topic, (_, field) in wish.cursors.items()})
        self.reader.attach(plan, wish.places(), controls, self._clock.monotonic())
        plan.forget_others()

    def _subscribed(self, subscriptions: Sequence[Subscription]) -> list[Control]:
        return [Subscribed(one.topic, one.delivery, self._head(one)) for one in subscriptions]

    def _head(self, subscription: Subscription) -> Cursor | None:
        topic = self._hub.topics.get(subscription.topic)
        return topic.cursor if topic is not None else None

    async def _write_frames(self, write: Write) -> None:
        while self._ending is None:
            frame = self.reader.take(self._clock.monotonic(), self._clock.now_ns())
            if frame is not None:
                await write(frame.data)
                self._measure(frame)
            elif self.reader.holes:
                await self._resume()
            else:
                await self._idle()
        await write(joined([self._hub.mint.control("", self._ending, 0.0)]).data)
        raise self._ending.error

    def _measure(self, frame: Frame) -> None:
        if frame.oldest_ns and self.reader.sent.frames % MEASURE_EVERY == 1:
            metrics.LATENCY.observe(max(0, self._clock.now_ns() - frame.oldest_ns) / NS)

    async def _idle(self) -> None:
        self._woken = asyncio.get_running_loop().create_future()
        self.reader.wait()
        await self._woken

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    def _cut(self, behind_bytes: int) -> None:
        metrics.CUT.inc()
        self.was_cut = True
        self.end(ReaderTooSlow(behind_bytes), LINGER_OF_SLOW_S)

    def _beat(self) -> None:
        # A timer, not a task that sleeps: of five thousand streams that is memory.
        self._timer = asyncio.get_running_loop().call_later(self.about.heartbeat_s, self._beat)
        self.reader.heartbeat_is_due = True
        self._wake()

    async def _resume(self) -> None:
        """Wait for the durable log, or for something to say meanwhile: the stream beats on."""
        work = self._filling.begin(self._wake)
        if not work.done():
            self._woken = asyncio.get_running_loop().create_future()
            await self._woken
        if work.done():
            self._filling.finish()

    async def _settle(self) -> None:
        """Wait until nothing is awaited from the durable log, for then subscriptions may change."""
        give_up_at = self._clock.monotonic() + PATIENCE_S
        while not (self.reader.is_settled or self._ending or self._is_over):
            if self._clock.monotonic() > give_up_at:
                raise Unavailable("the stream is still resuming", dependency="trading")
            await asyncio.sleep(PAUSE_S)
