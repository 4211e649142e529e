"""Writes to one stream of the bus.

What is published while an earlier write is under way leaves with the next one, so load makes
entries bigger, not more numerous. A write that fails is tried again for some seconds: a failover
passes meanwhile. Whoever answers afterwards may be a replica that lacks the last entries, though
they were acknowledged: they are written again before anything else is. Readers drop what they
have by its sequence number.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import cast

import redis.asyncio as redis
import structlog

from quarterdeck_server.runtime.bus import metrics, numbering
from quarterdeck_server.runtime.bus.entry import DATA
from quarterdeck_server.runtime.bus.failure import AWAY, BusUnavailable
from quarterdeck_server.runtime.bus.message import Message, encode
from quarterdeck_server.runtime.bus.place import Place, run_of
from quarterdeck_server.runtime.bus.recent import Recent, Written
from quarterdeck_server.runtime.eager import begin

log = structlog.get_logger()

PATIENCE_S = 5.0
PAUSE_S = 0.05
TRIM_EVERY_S = 5.0
VIGIL_PAUSE_S = 0.5


class Writer:
    """One stream, its connection, and what waits to be written."""

    def __init__(self, place: Place, key: str, retention_s: float, window_s: float) -> None:
        self._place, self._key = place, key
        self.on_new_run: Callable[[], None] = lambda: None
        """Called when another server, or the same one started again, has the stream now."""
        self._retention_ms = int(retention_s * 1000)
        self._recent = Recent(window_s)
        self._client: redis.Redis | None = None
        self._run = ""
        self._turn = asyncio.Lock()
        self._away_since: float | None = None
        self._trimmed_at = 0.0
        self._waiting: list[Message] = []
        self._written: asyncio.Future[None] | None = None
        self._work: asyncio.Task[None] | None = None
        self._vigil: asyncio.Task[None] | None = None

    def hand_over(self, messages: Sequence[Message]) -> asyncio.Future[None]:
        """Take messages; the future tells when they are written, or raises Unavailable."""
        self._waiting.extend(messages)
        if self._written is None:
            self._written = asyncio.get_running_loop().create_future()
        written = self._written
        if self._work is None or self._work.done():
            self._work = begin(self._write(), "bus-writer")
        return written

    async def append(self, message: Message) -> Message:
        """Write a message with the next number of its topic. Raises Unavailable."""
        request = numbering.new_request()
        written = await self._surely(
            lambda client: numbering.append(client, self._key, message, request)
        )
        await self._trim()
        return written

    async def agree(self, name: str, value: str) -> str:
        """Return what the processes agreed on under a name; our value if we are the first."""

        async def first_or_known(client: redis.Redis) -> str:
            known = await client.set(f"{self._key}:{name}", value, nx=True, get=True)
            return value if known is None else cast("bytes", known).decode()

        return await self._surely(first_or_known)

    async def ping(self) -> None:
        """Return when the server answers. Raises Unavailable."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._once(_ping)
        except AWAY as error:
            raise BusUnavailable(error) from error

    async def close(self) -> None:
        """Give up what waits; its publishers are told."""
        tasks = [task for task in (self._work, self._vigil) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._written is not None:
            _fail(self._written, BusUnavailable(ConnectionError("the bus was closed")))
        await self._drop()

    async def _write(self) -> None:
        """Write until nothing waits. Each publisher that waits learns how its own write ended."""
        while self._written is not None:
            messages, self._waiting = self._waiting, []
            written, self._written = self._written, None
            try:
                await self._add(encode(messages))
            except asyncio.CancelledError as error:
                _fail(written, BusUnavailable(error))
                raise
            except Exception as error:  # noqa: BLE001 - its publisher gets it
                _fail(written, error)
            else:
                if not written.done():
                    written.set_result(None)
                await self._trim()

    async def _add(self, data: bytes) -> None:
        identifier = await self._surely(lambda client: client.xadd(self._key, {DATA: data}))
        self._remember(cast("bytes", identifier), data)

    def _remember(self, identifier: bytes, data: bytes) -> None:
        self._recent.add(Written(_now(), identifier, data))
        if self._vigil is None or self._vigil.done():
            self._vigil = asyncio.create_task(self._watch_over(), name="bus-vigil")

    async def _surely[T](self, act: Callable[[redis.Redis], Awaitable[T]]) -> T:
        """Act, again and again for some seconds; once only if the server is long away."""
        give_up_at = (self._away_since or _now()) + PATIENCE_S
        while True:
            try:
                return await self._once(act)
            except AWAY as error:
                if _now() > give_up_at:
                    raise BusUnavailable(error) from error
            await asyncio.sleep(PAUSE_S)

    async def _once[T](self, act: Callable[[redis.Redis], Awaitable[T]]) -> T:
        async with self._turn:
            try:
                found = await act(await self._connected())
            except BaseException as error:
                # Whatever interrupts a command leaves its answer on the connection.
                await self._drop()
                if isinstance(error, AWAY):
                    self._note_away(error)
                raise
            self._away_since = None
            return found

    async def _connected(self) -> redis.Redis:
        if self._client is None:
            self._client = await self._place.connect(self._key)
            run = await run_of(self._client)
            if self._run and run != self._run:
                await self._write_again(self._client)
                self.on_new_run()
            self._run = run
        return self._client

    async def _write_again(self, client: redis.Redis) -> None:
        lost = await self._recent.lost(client, self._key)
        if not lost:
            return
        # If this breaks off it begins anew: readers drop what comes twice.
        async with client.pipeline(transaction=False) as pipe:
            for entry in lost:
                pipe.xadd(self._key, {DATA: entry.data})
            identifiers = await pipe.execute()
        pairs = zip(identifiers, lost, strict=True)
        self._recent.replace_newest([Written(_now(), name, old.data) for name, old in pairs])
        metrics.WRITTEN_AGAIN.inc(len(lost))
        log.warning("bus_entries_written_again", stream=self._key, entries=len(lost))

    async def _watch_over(self) -> None:
        """Notice a failover although nothing is written, while something may be lost by it."""
        while self._recent:
            await asyncio.sleep(VIGIL_PAUSE_S)
            with suppress(*AWAY):
                await self._once(_ping)
                self._recent.forget_old(_now())

    async def _trim(self) -> None:
        """Drop what is older than the retention, now and then; another time will do as well."""
        if _now() - self._trimmed_at > TRIM_EVERY_S:
            self._trimmed_at = _now()
            with suppress(*AWAY):
                await self._once(self._trim_once)

    async def _trim_once(self, client: redis.Redis) -> None:
        seconds, microseconds = await client.time()
        oldest = seconds * 1000 + microseconds // 1000 - self._retention_ms
        await client.xtrim(self._key, minid=f"{oldest}-0")

    def _note_away(self, error: BaseException) -> None:
        if self._away_since is None:
            self._away_since = _now()
            metrics.BROKEN.labels("write").inc()
            log.warning("bus_writer_disconnected", stream=self._key, error=str(error))

    async def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(*AWAY):
                await client.aclose()


async def _ping(client: redis.Redis) -> None:
    await client.ping()


def _fail(written: asyncio.Future[None], error: Exception) -> None:
    if not written.done():
        written.set_exception(error)
        written.exception()  # seen, even if every publisher was cancelled meanwhile


def _now() -> float:
    return asyncio.get_running_loop().time()
