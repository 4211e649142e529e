"""The answers of a stream that lasts: whenever it breaks it is opened again where it was."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import grpc
import grpc.aio
from google.protobuf.message import Message

from quarterdeck._async.channel import AsyncChannel, dial
from quarterdeck._async.reading import AsyncReader
from quarterdeck._method import Method
from quarterdeck._plan import DEFAULT_HEARTBEAT, SILENT_HEARTBEATS
from quarterdeck._retry import Backoff, wants_new_token, worth_resuming
from quarterdeck._status import error_from, error_from_status
from quarterdeck.api.analytics.v1.performance_service_pb2 import WatchPerformanceResponse
from quarterdeck.api.trading.v1.trading_event_service_pb2 import WatchTradingResponse
from quarterdeck.errors import QuarterdeckError, Unavailable


@dataclass(slots=True)
class Session[Response: Message]:
    """One call on a connection of its own, so that a dead connection ends with it."""

    channel: grpc.aio.Channel
    reader: AsyncReader[Response]
    token: str


class AsyncLasting[Request: Message, Response: (WatchTradingResponse, WatchPerformanceResponse)]:
    """Yields answers without an end; raises what connecting again cannot change.

    ``request`` makes the request anew each time the stream is opened, from where the reader is.
    """

    def __init__(
        self,
        channel: AsyncChannel,
        method: Method[Request, Response],
        request: Callable[[], Request],
        patience: float | None,
    ) -> None:
        self._channel, self._request = channel, request
        self._method: Method[Request, Response] = method
        self._patience = patience
        self._session: Session[Response] | None = None
        self._backoff = Backoff()
        self._heartbeat = DEFAULT_HEARTBEAT
        self._heard_at = time.monotonic()
        self._opened = self._closed = False
        self._refused_token = ""
        self.reconnections = 0
        """How often the stream was opened again."""

    def __aiter__(self) -> Self:
        """Yield what comes, without an end."""
        return self

    async def __anext__(self) -> Response:
        """Wait for the next answer, however often the stream must be opened for it."""
        while not self._closed:
            try:
                answer = await self._answer()
            except grpc.RpcError as raised:
                error = error_from(raised)
            except TimeoutError:
                error = Unavailable(f"nothing came for {self._silence:g} s")
            except QuarterdeckError as raised:
                error = raised
            else:
                return answer
            await self._lost(error)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End the stream."""
        self._closed = True
        await self._drop()

    @property
    def _silence(self) -> float:
        return SILENT_HEARTBEATS * self._heartbeat

    async def _answer(self) -> Response:
        session = self._session or await self._open()
        answer = await session.reader.read(self._silence)
        if answer is None:
            raise Unavailable("the stream ended without a reason")
        if answer.HasField("error"):
            raise error_from_status(answer.error)
        self._hear(answer)
        return answer

    def _hear(self, answer: Response) -> None:
        if answer.HasField("heartbeat_interval"):
            self._heartbeat = answer.heartbeat_interval.ToTimedelta().total_seconds()
        self._heard_at = time.monotonic()
        self._opened = True
        self._refused_token = ""
        self._backoff.reset()

    async def _open(self) -> Session[Response]:
        token = await self._token()
        channel = dial(self._channel.address)
        call = self._channel.open(channel, self._method, self._request(), token)
        self._session = Session(channel, AsyncReader(call, self._method.response), token)
        return self._session

    async def _token(self) -> str:
        tokens = self._channel.tokens
        if self._refused_token:
            return await tokens.replace(self._refused_token)
        return await tokens.access_token()

    async def _lost(self, error: QuarterdeckError) -> None:
        """Wait until the stream may be opened again, or raise why it may not."""
        token = self._session.token if self._session else ""
        await self._drop()
        if not (self._cures(error, token) or self._worth_resuming(error)):
            raise error
        self.reconnections += 1
        await asyncio.sleep(self._backoff.next(error.retry_after))

    def _cures(self, error: QuarterdeckError, token: str) -> bool:
        """Tell whether another token cures it; it must then open a session."""
        if not (token and wants_new_token(error) and self._channel.tokens.renewable):
            return False
        first, self._refused_token = not self._refused_token, token
        return first

    def _worth_resuming(self, error: QuarterdeckError) -> bool:
        patience = self._patience if self._opened else self._channel.timeout
        if patience is not None and time.monotonic() - self._heard_at > patience:
            return False
        return worth_resuming(error, opened=self._opened)

    async def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.reader.cancel()
            await session.channel.close()
