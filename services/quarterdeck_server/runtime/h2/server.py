"""A server of gRPC with the same face as that of grpc.aio, as far as the deck uses it."""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from prometheus_client import Counter

from quarterdeck_server.runtime.h2.call import Call
from quarterdeck_server.runtime.h2.connection import Connection
from quarterdeck_server.runtime.h2.site import Leaver

log = structlog.get_logger()

FAULTS = Counter("quarterdeck_http2_faults_total", "Peers sent away, by code.", ["code"])

BACKLOG = 4_096
PING_EVERY_S, PONG_WITHIN_S = 15.0, 5.0

type Guarding = grpc.aio.ServerInterceptor


@dataclass(frozen=True, slots=True)
class _Details:
    """What an interceptor is told of a call."""

    method: str
    invocation_metadata: Any = ()


class Server:
    """Listens, and serves calls with the handlers that were added."""

    def __init__(
        self, guard: Guarding, *, max_message_bytes: int, max_streams: int = 100_000
    ) -> None:
        self.connections: set[Leaver] = set()
        self.max_streams = max_streams
        self.max_message_bytes = max_message_bytes
        self._guard = guard
        self._handlers: dict[str, Any] = {}
        self._generic: list[grpc.GenericRpcHandler] = []
        self._sockets: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None

    # The face of grpc.aio.Server.

    def add_insecure_port(self, listen: str) -> int:
        """Bind an address, ``host:port`` or ``unix:/path``; returns the port."""
        try:
            bound = _bound(listen)
        except OSError as error:
            raise RuntimeError(f"cannot be bound: {listen}") from error
        self._sockets.append(bound)
        return 0 if listen.startswith("unix:") else int(bound.getsockname()[1])

    def add_generic_rpc_handlers(
        self, generic_rpc_handlers: Sequence["grpc.GenericRpcHandler"]
    ) -> None:
        """Add handlers that are asked for by name."""
        self._generic += generic_rpc_handlers

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, Any]
    ) -> None:
        """Add the handlers of a service."""
        generic = grpc.method_handlers_generic_handler(service_name, dict(method_handlers))
        self._generic.append(generic)

    async def start(self) -> None:
        """Take connections."""
        loop = asyncio.get_running_loop()
        for one in self._sockets:
            one.listen(BACKLOG)
            self._servers.append(
                await loop.create_server(lambda: Connection(self), sock=one, backlog=BACKLOG)
            )
        self._keeper = asyncio.create_task(self._keep_alive(), name="http2-keepalive")

    async def stop(self, grace: float | None) -> None:
        """Take no more calls, let those that run end within ``grace`` seconds, close."""
        for server in self._servers:
            server.close()
        for connection in tuple(self.connections):
            connection.drain()
        if self._tasks and grace:
            await asyncio.wait(self._tasks, timeout=grace)
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for connection in tuple(self.connections):
            connection.close()
        if self._keeper is not None:
            self._keeper.cancel()

    # What connections ask for.

    def begin(self, call: Call) -> None:
        """Serve a call in a task of its own."""
        task = asyncio.create_task(self._serve(call))
        call.task = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if call.opening.timeout_s is not None:
            loop = asyncio.get_running_loop()
            call.deadline = loop.call_later(call.opening.timeout_s, _expire, call)

    def refuse_too_large(self, call: Call) -> None:
        """End a call whose request is larger than even a refusal with details may be."""
        note = f"a message is larger than {self.max_message_bytes} bytes"
        call.end(grpc.StatusCode.RESOURCE_EXHAUSTED, note, ())
        call.leave()

    def count_fault(self, code: str) -> None:
        """Count a peer that was sent away."""
        FAULTS.labels(code).inc()

    async def _serve(self, call: Call) -> None:
        try:
            handler = await self._handler(call.opening.path)
            if handler is None:
                await call.abort(grpc.StatusCode.UNIMPLEMENTED, "no such method")
            await _run(handler, call)
        except grpc.aio.AbortError:
            pass
        except asyncio.CancelledError:
            call.end(grpc.StatusCode.UNAVAILABLE, "the server stops", ())
        except Exception as error:
            # The guard hides what nobody meant; this is the guard itself, or a foreign service.
            log.exception("call_broken", path=call.opening.path)
            call.end(grpc.StatusCode.UNKNOWN, type(error).__name__, ())
        else:
            await call.clear()
            code: grpc.StatusCode = call.code() or grpc.StatusCode.OK
            call.end(code, call.details(), call.trailing_metadata())

    async def _handler(self, path: str) -> Any:
        known = self._handlers.get(path)
        if known is None:
            known = await self._guard.intercept_service(self._find, _Details(path))  # type: ignore[arg-type]
            if known is not None:
                self._handlers[path] = known
        return known

    async def _find(self, details: Any) -> Any:
        found = (one.service(details) for one in self._generic)
        return next((handler for handler in found if handler is not None), None)

    async def _keep_alive(self) -> None:
        """Notice peers that vanished without a word."""
        while True:
            await asyncio.sleep(PONG_WITHIN_S)
            now = time.monotonic()
            for connection in tuple(self.connections):
                if connection.pinged_at is not None:
                    if connection.heard_at < connection.pinged_at:
                        connection.abort()
                    else:
                        connection.pinged_at = None
                elif now - connection.heard_at > PING_EVERY_S - PONG_WITHIN_S:
                    connection.ping()


async def _run(handler: Any, call: Call) -> None:
    read: Callable[[bytes], Any] = handler.request_deserializer or bytes
    write: Callable[[Any], bytes] = handler.response_serializer or bytes
    if handler.request_streaming:
        behavior = handler.stream_stream or handler.stream_unary
        result = behavior(call.requests(read), call)
    else:
        data = await call.request()
        if data is None:
            await call.abort(grpc.StatusCode.INTERNAL, "the call carries no request")
        behavior = handler.unary_stream or handler.unary_unary
        result = behavior(read(data), call)
    if not hasattr(result, "__aiter__"):
        answer = await result
        if not handler.response_streaming:
            await call.send(write(answer))
        return
    async for answer in result:
        await call.send(write(answer))


def _expire(call: Call) -> None:
    call.end(grpc.StatusCode.DEADLINE_EXCEEDED, "the call took too long", ())
    call.leave()


def _bound(listen: str) -> socket.socket:
    if listen.startswith("unix:"):
        found = socket.socket(socket.AF_UNIX)
        found.bind(listen.removeprefix("unix:"))
        return found
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((host, int(port)))
    return found
