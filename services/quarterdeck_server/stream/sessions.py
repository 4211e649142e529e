"""The live streams of this process: who has how many, and which may go on."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Protocol

from quarterdeck_server.kernel.errors import NotAuthenticated, NotFound
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.live import ShuttingDown
from quarterdeck_server.settings import StreamSettings
from quarterdeck_server.stream.directory import Census
from quarterdeck_server.stream.domain import LimitExceeded
from quarterdeck_server.stream.engine.hub import Hub
from quarterdeck_server.stream.engine.reader import Sent
from quarterdeck_server.stream.notices import TOPIC
from quarterdeck_server.stream.ports import Records
from quarterdeck_server.stream.rights import may_read
from quarterdeck_server.stream.session import About, Means, Session
from quarterdeck_server.stream.turns import in_turns

type Elsewhere = Callable[[int], Awaitable[int]]
"""Tells how many streams the caller has at other workers, exactly if that leaves no room here."""


async def _nowhere(_room: int) -> int:
    return 0


class Gatekeeper(Protocol):
    """Knows whether tokens still hold, and whether this process is stopping."""

    draining: asyncio.Event

    def verdict(self, caller: Caller | None) -> NotAuthenticated | None:
        """Return why a caller's token no longer holds, if it does not."""
        ...


class Sessions:
    """The open sessions by identifier."""

    def __init__(
        self, hub: Hub, clock: Clock, records: Records, gate: Gatekeeper, settings: StreamSettings
    ) -> None:
        self.settings = settings
        self.worker = settings.worker or f"w{uuid.uuid4().hex[:8]}"
        """The name of this worker, with which its sessions' identifiers begin."""
        self.elsewhere: Elsewhere = _nowhere
        self.on_changed: Callable[[], None] = lambda: None
        self._hub, self._clock, self._gate = hub, clock, gate
        self._means = Means(hub, clock, records)
        self._open: dict[str, Session] = {}
        self._principals: Counter[str] = Counter()
        self._sent_by_closed = Sent()
        self._cut_and_closed = 0

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._open.values()))

    @asynccontextmanager
    async def opened(
        self, caller: Caller, peer: str, user_agent: str, heartbeat_s: float
    ) -> AsyncIterator[Session]:
        """Hold a session while the block runs. Raises LimitExceeded."""
        await self._admit(caller.principal)
        identifier = f"{self.worker}.{uuid.uuid4().hex}"
        about = About(identifier, peer, user_agent, self._clock.now_ns(), heartbeat_s)
        session = Session(about, caller, self._means)
        self._open[about.session] = session
        self._count(caller.principal, 1)
        try:
            yield session
        finally:
            del self._open[about.session]
            self._count(caller.principal, -1)
            self._cut_and_closed += session.was_cut
            self._sent_by_closed.include(session.reader.sent)

    def census(self) -> Census:
        """Count the streams by principal, and those that hear notices."""
        groups = [group for group in self._hub.index if group.plan.route(TOPIC) is not None]
        return Census(dict(self._principals), sum(len(group.readers) for group in groups))

    def get(self, identifier: str) -> Session | None:
        """Return an open session."""
        return self._open.get(identifier)

    def of_principal(self, identifier: str, principal: str) -> Session:
        """Return an open session of a principal. Raises NotFound, for others' sessions too."""
        session = self.get(identifier)
        if session is None or session.caller.principal != principal:
            raise NotFound("session", identifier)
        return session

    def sent(self) -> Sent:
        """Return what was sent since the start."""
        total = replace(self._sent_by_closed)
        for session in self:
            total.include(session.reader.sent)
        return total

    def cut_count(self) -> int:
        """Return how many readers were cut since the start."""
        return self._cut_and_closed + sum(session.was_cut for session in self)

    def token_for(self, topic: str) -> str | None:
        """Return the token of a reader that may read a topic."""
        for session in self:
            if session.plan.route(topic) is not None and may_read(session.caller, topic):
                return session.caller.token
        return None

    async def look_after(self) -> None:
        """End sessions whose token or cursors do not hold, or whose reader is too far behind."""
        cut_after_s = self.settings.cut_after.total_seconds()
        async for session in in_turns(self):
            now = self._clock.monotonic()
            if verdict := self._gate.verdict(session.caller):
                session.end(verdict)
            session.check_cursors(now)
            session.reader.cut_if_late(now, cut_after_s, self.settings.cut_bytes)
            session.drop_if_stuck(now)

    async def _admit(self, principal: str) -> None:
        """Refuse a stream beyond the limit. Raises LimitExceeded."""
        limit = self.settings.streams_per_principal
        elsewhere = await self.elsewhere(limit - self._principals[principal])
        if self._gate.draining.is_set():  # asked last: nobody ends a stream that comes later
            raise ShuttingDown
        if self._principals[principal] + elsewhere >= limit:
            raise LimitExceeded("streams per principal", limit)

    def _count(self, principal: str, change: int) -> None:
        self._principals[principal] += change
        if not self._principals[principal]:
            del self._principals[principal]
        self.on_changed()

    async def end_when_draining(self) -> None:
        """End every session once this process stops: readers go elsewhere and resume."""
        await self._gate.draining.wait()
        for session in self:
            session.end(ShuttingDown())
