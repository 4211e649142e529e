"""A call: what its handler is given as the context, and where its requests arrive."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
from google.protobuf.message import Message

from quarterdeck_server.runtime.h2 import frames, headers
from quarterdeck_server.runtime.h2.frames import Code
from quarterdeck_server.runtime.h2.headers import Metadata, Opening
from quarterdeck_server.runtime.h2.outlet import Lane, Outlet

STREAM_WINDOW = 256 * 1024
"""How much of its requests a peer may send on a stream before the handler takes them."""
PREFIX_BYTES = 5


LAST_WORDS_S = 1.0
"""A peer that takes nothing gets so long to take why its call ends."""


class MessageTooLarge(Exception):
    """A request is larger than the server accepts."""


@dataclass(slots=True)
class Tally:
    """How many bytes of requests wait in all calls of a connection."""

    held: int = 0


class Call(grpc.aio.ServicerContext[Any, Any]):
    """One call of a peer, from its headers to its trailers."""

    def __init__(
        self, opening: Opening, lane: Lane, tally: Tally, peer: str, max_message_bytes: int
    ) -> None:
        self.opening = opening
        self.lane = lane
        self.task: asyncio.Task[None] | None = None
        self.deadline: asyncio.TimerHandle | None = None
        self.is_over = False
        self.expires_at = (
            time.monotonic() + opening.timeout_s if opening.timeout_s is not None else None
        )
        self._outlet: Outlet = lane.outlet
        self._tally = tally
        self._peer = peer
        self._max_message_bytes = max_message_bytes
        self._buffer = bytearray()
        self._requests: deque[bytes] = deque()
        self._is_half_closed = False
        self._arrived: asyncio.Future[None] | None = None
        self._unacknowledged = 0
        self._held = 0
        self._is_begun = False
        self._initial: Metadata = ()
        self._trailing: Metadata = ()
        self._code: grpc.StatusCode | None = None
        self._details = ""
        self._callbacks: list[Callable[[Any], None]] = []

    # What the connection tells.

    def receive(self, data: memoryview, size: int, *, is_end: bool) -> None:
        """Take what the peer sent, ``size`` of it by its window. Raises MessageTooLarge."""
        self._buffer += data
        self._hold(len(data))
        self._unacknowledged += size
        while len(self._buffer) >= PREFIX_BYTES:
            size = int.from_bytes(self._buffer[1:PREFIX_BYTES])
            if size > self._max_message_bytes:
                raise MessageTooLarge
            end = PREFIX_BYTES + size
            if len(self._buffer) < end:
                break
            self._requests.append(bytes(self._buffer[:end]))
            del self._buffer[:end]
        self._is_half_closed |= is_end
        self._let_in()
        self._tell()

    def leave(self) -> None:
        """End the call without an answer: nobody is left to take it."""
        self._finish()
        if self.task is not None:
            self.task.cancel()

    # Requests, for the server.

    async def request(self) -> bytes | None:
        """Return the next request, nothing after the last one."""
        while not self._requests:
            if self._is_half_closed:
                return None
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        data = self._requests.popleft()
        self._hold(-len(data))
        self._let_in()
        if data[0]:
            await self.abort(grpc.StatusCode.UNIMPLEMENTED, "compressed requests are not supported")
        return data[PREFIX_BYTES:]

    async def requests(self, read: Callable[[bytes], Any]) -> AsyncIterator[Any]:
        """Yield the requests as they come."""
        while (data := await self.request()) is not None:
            yield read(data)

    def _let_in(self) -> None:
        """Give the window back once the handler has all that came: a publisher waits for us."""
        if self._unacknowledged and not (self._requests or self._is_half_closed or self.is_over):
            update = frames.window_update(self.lane.stream, self._unacknowledged)
            self._outlet.control(update)
            self._unacknowledged = 0

    def _hold(self, size: int) -> None:
        self._held += size
        self._tally.held += size

    def _tell(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    # Responses.

    def write_now(self, message: bytes) -> bool:
        """Send a message if the lane is clear; tell whether it could be, all of it or a part."""
        if self.is_over or not self.lane.is_clear:
            return False
        self._begin()
        self._outlet.message(self.lane, message)
        return True

    async def send(self, message: bytes) -> None:
        """Send a message and wait until it is out of our hands."""
        self._check_open()
        self._begin()
        if self.lane.rest is not None or not self._outlet.message(self.lane, message):
            await self.clear()
            self._check_open()

    async def clear(self) -> None:
        """Wait until nothing of an earlier message waits."""
        while self.lane.rest is not None and not self.is_over:
            if self.lane.waiter is None:
                self.lane.waiter = asyncio.get_running_loop().create_future()
            await asyncio.shield(self.lane.waiter)

    def end(self, code: grpc.StatusCode, details: str, trailing: Metadata) -> None:
        """Send the trailers; the call is over."""
        if self.is_over:
            return
        self._code, self._details = code, details
        if self.lane.rest is not None:
            # A message is half out, so nothing that the peer could read can follow it.
            self._outlet.control(frames.reset(self.lane.stream, Code.CANCEL))
            self._finish()
            return
        block = headers.trailers(code.value[0], details, trailing)
        if not self._is_begun:
            block = headers.RESPONSE + headers.literal(self._initial) + block
        self._outlet.control(frames.headers(self.lane.stream, block, is_end=True))
        if not self._is_half_closed:
            # The peer may still be sending what nobody will read.
            self._outlet.control(frames.reset(self.lane.stream, Code.NO_ERROR))
        self._finish()

    def _begin(self) -> None:
        if not self._is_begun:
            self._is_begun = True
            block = headers.RESPONSE + headers.literal(self._initial)
            self._outlet.control(frames.headers(self.lane.stream, block, is_end=False))

    def _check_open(self) -> None:
        if self.is_over:
            raise grpc.aio.UsageError("the call is over")

    def _finish(self) -> None:
        if self.is_over:
            return
        self.is_over = True
        self._hold(-self._held)
        self._outlet.forget(self.lane)
        self._tell()
        if self.deadline is not None:
            self.deadline.cancel()
        for callback in self._callbacks:
            callback(self)

    # The context, as grpc.aio has it.

    async def read(self) -> Any:
        """Return the next request as bytes, or grpc's end of the stream."""
        data = await self.request()
        return grpc.aio.EOF if data is None else data

    async def write(self, message: Any) -> None:
        """Send a message, encoded or not."""
        await self.send(message.SerializeToString() if isinstance(message, Message) else message)

    async def send_initial_metadata(self, initial_metadata: Iterable[Any]) -> None:
        """Send the headers of the response."""
        self._initial = tuple(initial_metadata)
        self._begin()

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: Iterable[Any] = ()
    ) -> NoReturn:
        """End the call with a code."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.clear(), LAST_WORDS_S)
        self.end(code, details, tuple(trailing_metadata) or self._trailing)
        raise grpc.aio.AbortError

    async def abort_with_status(self, status: grpc.Status) -> NoReturn:
        """End the call with a status."""
        await self.abort(status.code, status.details or "", status.trailing_metadata or ())

    def set_trailing_metadata(self, trailing_metadata: Iterable[Any]) -> None:
        """Set what the trailers carry."""
        self._trailing = tuple(trailing_metadata)

    def trailing_metadata(self) -> Any:
        """Return what the trailers carry."""
        return self._trailing

    def invocation_metadata(self) -> Any:
        """Return the metadata of the call."""
        return self.opening.metadata

    def set_code(self, code: grpc.StatusCode) -> None:
        """Set the code a call ends with that does not fail."""
        self._code = code

    def code(self) -> Any:
        """Return the code the call ended with."""
        return self._code

    def set_details(self, details: str) -> None:
        """Set the details a call ends with."""
        self._details = details

    def details(self) -> str:
        """Return the details the call ended with."""
        return self._details

    def peer(self) -> str:
        """Return where the call comes from."""
        return self._peer

    def peer_identities(self) -> None:
        """Return nothing: there is no TLS here."""

    def peer_identity_key(self) -> None:
        """Return nothing: there is no TLS here."""

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        """Return nothing: there is no TLS here."""
        return {}

    def set_compression(self, compression: grpc.Compression) -> None:
        """Leave messages as they are: shared bytes are encoded once, without compression."""

    def disable_next_message_compression(self) -> None:
        """Leave messages as they are."""

    def time_remaining(self) -> float | None:  # type: ignore[override]
        """Return how many seconds the caller waits, nothing if it did not say."""
        return max(0.0, self.expires_at - time.monotonic()) if self.expires_at else None

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Call a function when the call is over."""
        self._callbacks.append(callback)

    def done(self) -> bool:
        """Tell whether the call is over."""
        return self.is_over

    def cancelled(self) -> bool:
        """Tell whether the peer went away before the end."""
        return self.is_over and self._code is None
