"""The bus between processes: a capped Redis stream, and one beside it for our processes alone.

A stream rather than pub/sub: a reader whose connection breaks goes on from the last entry it saw,
and a process that starts reads the last minute first. What is published while an earlier write is
under way leaves with the next one, so load makes entries bigger, not more numerous.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import cast

import redis.asyncio as redis
import structlog
from prometheus_client import Counter
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import RedisError

from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.bus import numbering
from quarterdeck_server.runtime.bus.message import Batch, Message, decode, encode
from quarterdeck_server.settings import RedisSettings

log = structlog.get_logger()

LOST = Counter("quarterdeck_bus_losses_total", "Times a reader of the bus may have lost messages.")
UNREADABLE = Counter("quarterdeck_bus_unreadable_total", "Entries of the bus that are no batch.")

FIELD, EPOCH, FIRST = b"b", b"e", b"n"
READ_ENTRIES = 1_000
BLOCK_MS = 1_000
PAUSE_S = 0.2
PUBLISH_TIMEOUT_S = 5.0
TRIM_EVERY_S = 5.0
type Entry = tuple[bytes, dict[bytes, bytes]]

AWAY = (RedisError, OSError, TimeoutError)


class BusUnavailable(Unavailable):
    """The bus does not answer."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__("the bus does not answer", dependency="redis")
        self.__cause__ = cause


class RedisBus:
    """Messages on Redis streams: one for events, one for what stays between our processes.

    The second one spares those who read only such messages the sight of every event.
    """

    def __init__(self, client: redis.Redis, reader: redis.Redis, settings: RedisSettings) -> None:
        self._client = client
        self._reader = reader
        self._key = settings.stream
        self._internal_key = f"{settings.stream}:internal"
        self._retention_ms = int(settings.retention.total_seconds() * 1000)
        self._waiting: list[Message] = []
        self._written: asyncio.Future[None] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._trimmed_at: dict[str, float] = {}

    async def publish(self, messages: Sequence[Message]) -> None:
        """Hand messages over; what waits together is written together."""
        if not messages:
            return
        self._waiting.extend(messages)
        if self._written is None:
            self._written = asyncio.get_running_loop().create_future()
        written = self._written
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="bus-writer")
        await asyncio.shield(written)

    async def append(
        self, topic: str, payload: bytes, *, publish_time_ns: int, rows: int = 1
    ) -> Message:
        """Publish with the next sequence number of the topic, which Redis gives."""
        message = Message(topic, 0, 0, rows, publish_time_ns, payload)
        key = self._internal_key if _is_internal(topic) else self._key
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                return await numbering.append(self._client, key, message, numbering.new_request())
        except AWAY as error:
            raise BusUnavailable(error) from error

    async def ping(self) -> None:
        """Return when Redis answers."""
        try:
            await asyncio.wait_for(self._client.ping(), PUBLISH_TIMEOUT_S)
        except AWAY as error:
            raise BusUnavailable(error) from error

    @asynccontextmanager
    async def subscribe(
        self, kinds: Collection[str], *, replay: timedelta = timedelta(0)
    ) -> AsyncIterator[AsyncIterator[Batch]]:
        """Read the messages of the kinds, from ``replay`` ago on; internal ones only by name."""
        internal = bool(kinds) and all(_is_internal(kind) for kind in kinds)
        key = self._internal_key if internal else self._key
        try:
            start = await self._start(key, replay)
        except AWAY as error:
            raise BusUnavailable(error) from error
        yield self._batches(key, frozenset(kinds), start)

    async def _write(self) -> None:
        """Write until nothing waits. Each writer that waited learns how its own write ended."""
        while self._written is not None:
            messages, self._waiting = self._waiting, []
            written, self._written = self._written, None
            try:
                await asyncio.wait_for(self._add(messages), PUBLISH_TIMEOUT_S)
            except Exception as error:  # noqa: BLE001 - its publisher gets it
                away = isinstance(error, AWAY)
                written.set_exception(BusUnavailable(error) if away else error)
                written.exception()  # seen, even if every publisher was cancelled meanwhile
            else:
                written.set_result(None)
                await self._trim()

    async def _add(self, messages: Sequence[Message]) -> None:
        internal = [message for message in messages if _is_internal(message.topic)]
        events = [message for message in messages if not _is_internal(message.topic)]
        for key, group in ((self._key, events), (self._internal_key, internal)):
            if group:
                await self._client.xadd(key, {FIELD: encode(group)})
                self._trimmed_at.setdefault(key, 0.0)

    async def _trim(self) -> None:
        """Drop what is older than the retention, now and then; another time will do as well."""
        now = asyncio.get_running_loop().time()
        for key, trimmed_at in tuple(self._trimmed_at.items()):
            if now - trimmed_at > TRIM_EVERY_S:
                self._trimmed_at[key] = now
                with suppress(*AWAY):
                    await self._client.xtrim(key, minid=await self._ago(self._retention_ms))

    async def _ago(self, milliseconds: int) -> str:
        seconds, microseconds = await self._client.time()
        return f"{seconds * 1000 + microseconds // 1000 - milliseconds}-0"

    async def _start(self, key: str, replay: timedelta) -> bytes:
        if replay:
            return (await self._ago(int(replay.total_seconds() * 1000))).encode()
        newest = await self._client.xrevrange(key, count=1)
        return cast("bytes", newest[0][0]) if newest else b"0-0"

    async def _batches(self, key: str, kinds: frozenset[str], last: bytes) -> AsyncIterator[Batch]:
        away = False
        while True:
            try:
                lost = away and await self._has_lost(key, last)
                away = False
                entries = await self._read(key, last)
            except AWAY as error:
                if not away:
                    log.warning("bus_connection_lost", error=str(error))
                away = True
                await asyncio.sleep(PAUSE_S)
                continue
            if lost:
                LOST.inc()
                last = b"0-0"
                yield Batch((), lost=True)
                continue
            if entries:
                last = entries[-1][0]
                if messages := _wanted(entries, kinds):
                    yield Batch(messages)

    async def _read(self, key: str, last: bytes) -> list[Entry]:
        answer = await self._reader.xread({key: last}, count=READ_ENTRIES, block=BLOCK_MS)
        streams = cast("list[tuple[bytes, list[Entry]]]", answer)
        return streams[0][1] if streams else []

    async def _has_lost(self, key: str, last: bytes) -> bool:
        """Tell whether entries after ``last`` are gone: Redis came back empty, or trimmed them."""
        if last == b"0-0":
            return False
        try:
            about = await self._reader.xinfo_stream(key)
        except redis.ResponseError:
            return True  # no such stream: it was emptied
        oldest = about["first-entry"][0] if about["first-entry"] else about["last-generated-id"]
        return _number(about["last-generated-id"]) < _number(last) or _number(oldest) > _number(
            last
        )


@asynccontextmanager
async def redis_bus(url: str, settings: RedisSettings) -> AsyncIterator[RedisBus]:
    """Open the bus; its connections close with the block."""
    # A write may be repeated: readers drop what they have by its sequence number. A reader must
    # notice each broken connection itself, to ask whether entries were lost meanwhile.
    client = _client(url, Retry(ExponentialBackoff(cap=0.5, base=0.02), 4))
    reader = _client(url, Retry(NoBackoff(), 0))
    try:
        yield RedisBus(client, reader, settings)
    finally:
        await client.aclose()
        await reader.aclose()


def _client(url: str, retry: Retry) -> redis.Redis:
    return redis.Redis.from_url(
        url, socket_connect_timeout=2, socket_timeout=BLOCK_MS / 1000 + 4, retry=retry
    )


def _wanted(entries: Sequence[Entry], kinds: frozenset[str]) -> tuple[Message, ...]:
    found: list[Message] = []
    for _, fields in entries:
        try:
            messages = _messages(fields)
        except (KeyError, ValueError):
            UNREADABLE.inc()
            continue
        found += (m for m in messages if not kinds or topics.kind(m.topic) in kinds)
    return tuple(found)


def _messages(fields: Mapping[bytes, bytes]) -> tuple[Message, ...]:
    messages = decode(fields[FIELD])
    if EPOCH not in fields:
        return messages
    epoch, first = int(fields[EPOCH]), int(fields[FIRST])
    return tuple(numbering.numbered(message, epoch, first) for message in messages)


def _is_internal(kind: str) -> bool:
    return kind.startswith("_")


def _number(entry: bytes) -> tuple[int, int]:
    milliseconds, _, count = entry.partition(b"-")
    return int(milliseconds), int(count)
