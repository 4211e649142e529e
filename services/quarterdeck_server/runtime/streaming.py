"""Streams that say why they end, as their last message, and do not wait for ever to be read.

A browser or a JSON reader cannot see the status of a stream that was answered already, so whatever
ends one is told in it first.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing, closing, suppress
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import grpc
from google.protobuf.duration_pb2 import Duration

from quarterdeck_server.kernel.errors import QuarterdeckError, ReaderTooSlow
from quarterdeck_server.runtime.caller import current
from quarterdeck_server.runtime.live import LiveStreams, reason_of
from quarterdeck_server.runtime.service import Context

PATIENCE_S = 10.0
"""For so long an answer may lie unread before the stream is cut."""
LINGER_S = 30.0
"""For so long a reader that was cut may still come and read why."""

type Write = Callable[[bytes], Coroutine[Any, Any, None]]


class ReaderGone(Exception):
    """The connection ended while an answer was on its way: nobody is left to tell."""


def writer(context: Context) -> Write:
    """Return how to write encoded answers; fails with ReaderGone."""

    async def write(data: bytes) -> None:
        try:
            await context.write(data)
        except (grpc.aio.InternalError, grpc.aio.UsageError) as error:
            raise ReaderGone from error

    return write


class Beating(Protocol):
    """A request that may say how often it wants a heartbeat."""

    @property
    def heartbeat_interval(self) -> Duration:
        """How often."""
        ...

    def HasField(self, name: Literal["heartbeat_interval"]) -> bool:  # noqa: N802 - protobuf's
        """Tell whether it says so."""
        ...


def heartbeat_s(request: Beating, default_s: float) -> float:
    """Return how often a heartbeat comes."""
    if request.HasField("heartbeat_interval"):
        return request.heartbeat_interval.ToTimedelta().total_seconds()
    return default_s


@dataclass(frozen=True, slots=True)
class Streaming:
    """Writes the answers of streams for as long as their callers may read them."""

    live: LiveStreams
    patience_s: float = PATIENCE_S
    linger_s: float = LINGER_S

    async def run(
        self,
        context: Context,
        answers: AsyncGenerator[bytes],
        ended: Callable[[QuarterdeckError], bytes],
    ) -> None:
        """Write encoded answers until they end; ``ended`` makes the one that says why."""
        outlet = Outlet(writer(context), self.patience_s)
        async with self.live.watched(current()), aclosing(answers):
            with closing(outlet), suppress(ReaderGone):
                await self._run(outlet, answers, ended)

    async def _run(
        self,
        outlet: "Outlet",
        answers: AsyncGenerator[bytes],
        ended: Callable[[QuarterdeckError], bytes],
    ) -> None:
        try:
            async for answer in answers:
                await outlet.write(answer)
        except QuarterdeckError as error:
            await outlet.finish(ended(error), self.linger_s)
            raise
        except asyncio.CancelledError as end:
            if (reason := reason_of(end)) is not None:
                await outlet.finish(ended(reason), self.patience_s)
            raise


class Outlet:
    """The way to one reader: one answer at a time."""

    def __init__(self, write: Write, patience_s: float) -> None:
        self._write, self._patience_s = write, patience_s
        self._pending: asyncio.Task[None] | None = None

    async def write(self, answer: bytes) -> None:
        """Write an answer; fails with ReaderTooSlow when it is not taken in time."""
        self._pending = asyncio.create_task(self._write(answer), name="stream-write")
        done, _ = await asyncio.wait({self._pending}, timeout=self._patience_s)
        if not done:
            raise ReaderTooSlow(len(answer))
        self._pending.result()

    async def finish(self, answer: bytes, linger_s: float) -> None:
        """Write the last answer if the reader comes for what waits before it in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(linger_s):
                if self._pending is not None:
                    await self._pending
                await self._write(answer)

    def close(self) -> None:
        """Give up what is still on its way; its failure is nobody's any more."""
        if self._pending is not None:
            self._pending.cancel()
            self._pending.add_done_callback(lambda done: done.cancelled() or done.exception())
