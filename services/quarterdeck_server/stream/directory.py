"""Which stream workers there are, where they are reached, and how much each of them serves.

Every worker says so once a second, and at once when streams open or close, on the bus's internal
stream. One that is not heard of any more is forgotten; but not while the bus is away, when nobody
is heard of.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Self

import structlog

from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.bus import Bus, Message
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.stream import metrics

log = structlog.get_logger()

KIND = "_workers"
INTERVAL_S = 1.0
LEAST_PAUSE_S = 0.1
FORGET_AFTER_S = 3.0
NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Census:
    """What a worker serves: streams by principal, and how many of all hear notices."""

    principals: Mapping[str, int] = field(default_factory=dict)
    notice_readers: int = 0


@dataclass(frozen=True, slots=True)
class Worker:
    """A stream worker as it describes itself."""

    name: str
    address: str
    census: Census
    is_leaving: bool = False

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read what a worker says; ValueError if it is nothing of that kind."""
        try:
            fields = json.loads(payload)
            return cls(**{**fields, "census": Census(**fields["census"])})
        except (KeyError, TypeError) as error:
            raise ValueError("no description of a worker") from error

    def encode(self) -> bytes:
        """Write what a worker says."""
        return json.dumps(asdict(self)).encode()


class Directory:
    """The workers that are heard of, this one among them."""

    def __init__(
        self, name: str, address: str, bus: Bus, clock: Clock, count: Callable[[], Census]
    ) -> None:
        self.name = name
        self._address, self._bus, self._clock, self._count = address, bus, clock, count
        self._epoch, self._sequence = clock.now_ns() // NS, 0
        self.on_left: Callable[[Worker], None] = lambda _: None
        self._changed = asyncio.Event()
        self._others: dict[str, Worker] = {}
        self._heard_at: dict[str, float] = {}
        self._bus_lived_at = 0.0

    @property
    def speaks(self) -> bool:
        """Tell whether this worker is the one that acts for all of them."""
        return all(self.name < other.name for other in self.others())

    def others(self) -> list[Worker]:
        """Return the other workers, by name."""
        return [self._others[name] for name in sorted(self._others)]

    def find(self, name: str) -> Worker | None:
        """Return another worker."""
        return self._others.get(name)

    def streams_of(self, principal: str) -> int:
        """Return how many streams a principal has at other workers, as they last said."""
        return sum(one.census.principals.get(principal, 0) for one in self._others.values())

    def notice_readers(self) -> int:
        """Return how many streams at other workers hear notices, as they last said."""
        return sum(one.census.notice_readers for one in self._others.values())

    def changed(self) -> None:
        """Tell the others soon of what this worker serves."""
        self._changed.set()

    async def announce(self) -> None:
        """Tell the others of this worker for ever, and at the end that it leaves."""
        try:
            while True:
                self._changed.clear()
                with suppress(Unavailable):
                    await self._say(is_leaving=False)
                await asyncio.sleep(LEAST_PAUSE_S)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), INTERVAL_S - LEAST_PAUSE_S)
        finally:
            with suppress(Unavailable, TimeoutError):
                async with asyncio.timeout(LEAST_PAUSE_S):
                    await self._say(is_leaving=True)

    async def follow(self) -> None:
        """Hear of the others for ever."""
        async with self._bus.subscribe([KIND]) as batches:
            self.changed()
            async for batch in batches:
                for message in batch.messages:
                    self._hear(message)
                self._forget_silent()
                metrics.WORKERS.set(1 + len(self._others))

    async def _say(self, *, is_leaving: bool) -> None:
        self._sequence += 1
        about = Worker(self.name, self._address, self._count(), is_leaving)
        topic = topics.topic(KIND, self.name)
        now_ns = self._clock.now_ns()
        message = Message(topic, self._epoch, self._sequence, 1, now_ns, about.encode())
        await self._bus.publish([message])

    def _hear(self, message: Message) -> None:
        try:
            worker = Worker.parse(message.payload)
        except ValueError:
            log.warning("worker_not_understood", topic=message.topic)
            return
        self._note_life()
        if worker.name == self.name:
            self._check_same(worker)
        elif worker.is_leaving:
            self._forget(worker.name)
        else:
            self._greet(worker)

    def _note_life(self) -> None:
        """Note that the bus lives; after it was away everybody has time to be heard again."""
        now = self._clock.monotonic()
        if now - self._bus_lived_at > FORGET_AFTER_S:
            self._heard_at = dict.fromkeys(self._heard_at, now)
        self._bus_lived_at = now

    def _greet(self, worker: Worker) -> None:
        if worker.name not in self._others:
            log.info("worker_joined", worker=worker.name, address=worker.address)
            self.changed()
        self._others[worker.name] = worker
        self._heard_at[worker.name] = self._clock.monotonic()

    def _check_same(self, worker: Worker) -> None:
        if worker.address != self._address and not worker.is_leaving:
            log.error("worker_name_taken", worker=worker.name, address=worker.address)

    def _forget_silent(self) -> None:
        for name, heard_at in tuple(self._heard_at.items()):
            if self._bus_lived_at - heard_at > FORGET_AFTER_S:
                self._forget(name)

    def _forget(self, name: str) -> None:
        worker = self._others.pop(name, None)
        if worker is not None:
            self._heard_at.pop(name)
            log.info("worker_left", worker=name)
            self.on_left(worker)
