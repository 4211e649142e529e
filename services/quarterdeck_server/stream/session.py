"""A live stream: the loop that writes frames, its heartbeat, its end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from quarterdeck_server.kernel.errors import NotFound, QuarterdeckError, Unavailable
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.stream import metrics
from quarterdeck_server.stream.claims import BEYOND, Claims
from quarterdeck_server.stream.connection import Connection
from quarterdeck_server.stream.domain import (
    Control,
    Cursor,
    CursorInvalid,
    Ended,
    ReaderTooSlow,
    Subscribed,
    Subscription,
    Unsubscribed,
)
from quarterdeck_server.stream.engine.frame import Frame, joined
from quarterdeck_server.stream.engine.hub import Hub
from quarterdeck_server.stream.engine.plan import Plan
from quarterdeck_server.stream.engine.reader import Reader
from quarterdeck_server.stream.engine.resume import Hole
from quarterdeck_server.stream.ports import Records, TopicRecords
from quarterdeck_server.stream.rights import scope_of

NS = 1_000_000_000
MEASURE_EVERY = 16
PATIENCE_S = 5.0
PAUSE_S = 0.1
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


class Session:
    """One call of Watch."""

    def __init__(
        self, about: About, caller: Caller, hub: Hub, clock: Clock, records: Records
    ) -> None:
        self.about = about
        self.caller = caller
        self.plan = Plan((), scope_of(caller))
        self.reader = Reader(hub, self._wake, self._cut)
        self._hub, self._clock, self._records = hub, clock, records
        self._fields: dict[str, str] = {}
        self._claims = Claims(hub)
        self._woken: asyncio.Future[None] | None = None
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._filling: asyncio.Task[None] | None = None
        self.was_cut = False
        self._ending: Ended | None = None
        self._drop_at = 0.0
        self._is_dropped = False

    def begin(self, wish: Wish, opening: Sequence[Control]) -> None:
        """Subscribe for the first time."""
        self.plan = Plan(wish.subscriptions, scope_of(self.caller))
        self._attach(wish, [*opening, *self._subscribed(wish.subscriptions)])

    async def change(self, add: Wish, remove: Sequence[str], caller: Caller) -> None:
        """Change the subscriptions and go on with the caller's token."""
        await self._settle()
        if self._ending is not None:
            raise NotFound("session", self.about.session)
        self._check_keeps_up(add, remove)
        gone = [name for name in remove if name in self.plan.subscriptions]
        plan = self.plan.changed(add.subscriptions, remove, scope_of(caller))
        self.caller = caller
        if plan.key != self.plan.key or gone or add.subscriptions:
            self.plan = plan
            controls: list[Control] = [Unsubscribed(name) for name in gone]
            self._attach(add, controls + self._subscribed(add.subscriptions))
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
            self._task = None
            for work in (self._timer, self._filling):
                if work is not None:
                    work.cancel()
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

    def _attach(self, wish: Wish, controls: Sequence[Control]) -> None:
        self._claims.add(wish.cursors)
        self._fields |= {topic: field for topic, (_, field) in wish.cursors.items()}
        self.reader.attach(self.plan, wish.places(), controls, self._clock.monotonic())

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
        if self._filling is None:
            self._filling = asyncio.create_task(self._fill(), name="stream-resume")
            self._filling.add_done_callback(lambda _: self._wake())
        if not self._filling.done():
            self._woken = asyncio.get_running_loop().create_future()
            await self._woken
        if self._filling.done():
            filling, self._filling = self._filling, None
            filling.result()

    async def _fill(self) -> None:
        holes = self.reader.holes
        try:
            answers = await asyncio.gather(*(self._read(hole) for hole in holes))
        except QuarterdeckError as error:
            self.end(error)
            return
        for hole, records in zip(holes, answers, strict=True):
            self.reader.fill(hole, records, self._clock.monotonic())

    async def _read(self, hole: Hole) -> TopicRecords:
        give_up_at = self._clock.monotonic() + PATIENCE_S
        while True:
            try:
                token = self.caller.token
                records = await self._records.after(hole.topic, hole.after, hole.until, token)
                break
            except Unavailable:
                if self._clock.monotonic() > give_up_at:
                    raise
            await asyncio.sleep(PAUSE_S)
        if records.epoch == hole.epoch and records.last < hole.after:
            field = self._fields.get(hole.topic, "subscriptions")
            raise CursorInvalid(field, BEYOND)
        return records

    async def _settle(self) -> None:
        """Wait until nothing is awaited from the durable log, for then subscriptions may change."""
        give_up_at = self._clock.monotonic() + PATIENCE_S
        while not self.reader.is_settled and self._ending is None:
            if self._clock.monotonic() > give_up_at:
                raise Unavailable("the stream is still resuming", dependency="trading")
            await asyncio.sleep(PAUSE_S)
