"""What happens around every call: identity, rights, rules, audit, errors, measurement.

One interceptor rather than six, since each layer of grpc.aio costs a coroutine a call; each concern
has its own module and is called here in the one order that makes sense.
"""

import asyncio
import inspect
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import grpc
import structlog
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from quarterdeck_server.kernel.errors import NotAuthenticated, QuarterdeckError
from quarterdeck_server.runtime import metrics, rules, status
from quarterdeck_server.runtime.audit import AuditLog, record
from quarterdeck_server.runtime.authenticate import Authenticator
from quarterdeck_server.runtime.caller import CURRENT, Caller
from quarterdeck_server.runtime.live import LiveStreams
from quarterdeck_server.runtime.methods import Method, method
from quarterdeck_server.runtime.postgres import TextNotStorable
from quarterdeck_server.runtime.service import Context

log = structlog.get_logger()

ANONYMOUS = "anonymous"
BEARER = "bearer "
SUBJECT_FIELDS = (
    "name",
    "principal",
    "node",
    "principal_id",
    "node_id",
    "instrument",
    "session_id",
)

type Behavior = Callable[[Any, Context], Any]
type Continuation = Callable[
    [grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]
]


@dataclass(slots=True)
class Call:
    """A call being served. A servicer may name the ``subject`` better than the request does."""

    method: Method
    kind: str
    request_id: str
    started: float = field(default_factory=time.perf_counter)
    caller: Caller | None = None
    request: Message | None = None
    subject: str = ""
    code: str = "OK"

    @property
    def is_of_a_stranger(self) -> bool:
        """Tell whether it needs a caller and has none: anybody can send any number of such."""
        return self.caller is None and self.method.permission != "PUBLIC"


CALL: ContextVar[Call | None] = ContextVar("call", default=None)


def annotate(subject: str) -> None:
    """Name what the call that is being served acts on, for the audit log."""
    call = CALL.get()
    if call is not None:
        call.subject = subject


@dataclass(frozen=True, slots=True)
class Gate:
    """What decides whether a call may go on; ``deadline_s`` holds for unary calls without one."""

    authenticator: Authenticator
    audit: AuditLog
    live: LiveStreams
    max_message_bytes: int
    deadline_s: float


class Guard(grpc.aio.ServerInterceptor):
    """Wraps every handler of a server."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def intercept_service(
        self, continuation: Continuation, details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Return the handler of the rpc, wrapped; nothing for an unknown rpc."""
        handler = await continuation(details)
        if handler is None:
            return None
        about = method(details.method)
        read = handler.request_deserializer
        codecs = read and rules.readable(read), handler.response_serializer
        # The types of grpc describe its synchronous handlers alone.
        behavior: Any = (
            handler.unary_unary
            or handler.unary_stream
            or handler.stream_unary
            or handler.stream_stream
        )
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(self._unary(about, behavior), *codecs)
        if handler.unary_stream:
            return grpc.unary_stream_rpc_method_handler(self._stream(about, behavior), *codecs)
        if handler.stream_unary:
            return grpc.stream_unary_rpc_method_handler(self._unary_in(about, behavior), *codecs)
        return grpc.stream_stream_rpc_method_handler(self._stream_in(about, behavior), *codecs)

    def _unary(self, about: Method, behavior: Behavior) -> Behavior:
        async def guarded(request: Message, context: Context) -> Any:
            async with self._served(about, "unary", context) as call:
                await self._admit(call, request, context)
                return await asyncio.wait_for(behavior(request, context), self._deadline(context))

        return guarded

    def _stream(self, about: Method, behavior: Behavior) -> Behavior:
        """Wrap a generator, or a coroutine that writes to the context itself."""

        async def guarded_writer(request: Message, context: Context) -> None:
            async with self._served(about, "server_stream", context) as call:
                await self._admit(call, request, context)
                await behavior(request, context)

        async def guarded(request: Message, context: Context) -> None:
            async with self._served(about, "server_stream", context) as call:
                await self._admit(call, request, context)
                async with (
                    self._gate.live.watched(call.caller),
                    aclosing(behavior(request, context)) as responses,
                ):
                    async for response in responses:
                        # Written here, not by grpc: a stream that must end while its reader is
                        # slow is interrupted in this call, and can still say why it ends.
                        await _write(context, response)

        return guarded if inspect.isasyncgenfunction(behavior) else guarded_writer

    def _unary_in(self, about: Method, behavior: Behavior) -> Behavior:
        """Wrap a call whose requests come as a stream, each of which must hold to the rules."""

        async def ruled(requests: AsyncIterator[Message]) -> AsyncIterator[Message]:
            async for request in requests:
                rules.enforce(request, self._gate.max_message_bytes)
                yield request

        async def guarded(requests: AsyncIterator[Message], context: Context) -> Any:
            async with self._served(about, "client_stream", context) as call:
                await self._identify(call, context)
                async with self._gate.live.watched(call.caller):
                    return await behavior(ruled(requests), context)

        return guarded

    def _stream_in(self, about: Method, behavior: Behavior) -> Behavior:
        """Wrap reflection, the one foreign service whose requests come as a stream."""

        async def guarded(requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
            async with self._served(about, "bidi_stream", context) as call:
                await self._identify(call, context)
                async for response in behavior(requests, context):
                    yield response

        return guarded

    @asynccontextmanager
    async def _served(self, about: Method, kind: str, context: Context) -> AsyncIterator[Call]:
        """Serve a call: however it ends, it is recorded before its caller learns how."""
        call = _begin(about, kind, context)
        try:
            yield call
        except grpc.aio.AbortError:
            call.code = context.code().name if context.code() else "UNKNOWN"
            await self._end(call)
            raise
        except Exception as error:
            made = _verdict(call, error)
            await self._end(call)
            await _abort(call, context, made)
        except BaseException:  # the caller went away, or the server stops
            call.code = "CANCELLED"
            await self._end(call)
            raise
        else:
            await self._end(call)

    def _deadline(self, context: Context) -> float | None:
        return None if context.time_remaining() else self._gate.deadline_s

    async def _admit(self, call: Call, request: Message, context: Context) -> None:
        call.request = request
        call.subject = _subject(request)
        await self._identify(call, context)
        rules.enforce(request, self._gate.max_message_bytes)

    async def _identify(self, call: Call, context: Context) -> None:
        CURRENT.set(None)
        if call.method.permission != "PUBLIC":
            call.caller = await self._gate.authenticator.authenticate(_token(context))
            CURRENT.set(call.caller)
            structlog.contextvars.bind_contextvars(principal=call.caller.principal)
            call.caller.require(call.method.permission)

    async def _end(self, call: Call) -> None:
        labels = (call.kind, call.method.service, call.method.name)
        metrics.HANDLED.labels(*labels, call.code).inc()
        metrics.DURATION.labels(*labels).observe(time.perf_counter() - call.started)
        if call.kind != "unary":
            metrics.OPEN_STREAMS.labels(*labels[1:]).dec()
        if not call.method.is_read:
            await self._audit(call)

    async def _audit(self, call: Call) -> None:
        actor = call.caller.principal if call.caller else ANONYMOUS
        action = call.method.full_name
        if call.method.audit_summary or call.is_of_a_stranger:
            self._gate.audit.count(actor, action, call.code)
            return
        await self._gate.audit.add(
            record(actor, action, call.subject, outcome=call.code, request_id=call.request_id)
        )


def _begin(about: Method, kind: str, context: Context) -> Call:
    request_id = _metadata(context, "x-request-id") or str(uuid.uuid4())
    call = Call(about, kind, request_id[:64])
    CALL.set(call)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(
        request_id=call.request_id, service=about.service, method=about.name
    )
    context.set_trailing_metadata((("x-request-id", call.request_id),))
    metrics.STARTED.labels(kind, about.service, about.name).inc()
    if kind != "unary":
        metrics.OPEN_STREAMS.labels(about.service, about.name).inc()
    return call


def _verdict(call: Call, error: Exception) -> Status:
    """Return how a failed call ends; an error that nobody meant is logged and hidden."""
    if isinstance(error, TimeoutError):
        call.code = "DEADLINE_EXCEEDED"
        code = grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
        return Status(code=code, message="the call took too long")
    if isinstance(error, TextNotStorable) and call.request is not None:
        error = TextNotStorable(rules.field_with_nul(call.request) or error.field)
    if isinstance(error, QuarterdeckError):
        call.code = status.code_of(error).name
        log.info("call_refused", code=call.code, reason=error.reason)
        return status.to_status(error)
    call.code = "INTERNAL"
    log.error("call_failed", exc_info=error)
    return status.internal(call.request_id)


async def _write(context: Context, response: object) -> None:
    try:
        await context.write(response)
    except (grpc.aio.InternalError, grpc.aio.UsageError) as error:
        # The connection ended: nobody is left to tell.
        raise asyncio.CancelledError from error


async def _abort(call: Call, context: Context, made: Status) -> None:
    """End the call; an abort replaces the trailing metadata, so the request's id is said again."""
    ended = rpc_status.to_status(made)
    trailing = (*ended.trailing_metadata, ("x-request-id", call.request_id))
    await context.abort(ended.code, ended.details, trailing)


def _token(context: Context) -> str:
    value = _metadata(context, "authorization")
    if not value.lower().startswith(BEARER):
        raise NotAuthenticated("TOKEN_MISSING", "the call carries no access token")
    return value[len(BEARER) :]


def _metadata(context: Context, key: str) -> str:
    for name, value in context.invocation_metadata() or ():
        if name == key:
            return value if isinstance(value, str) else value.decode()
    return ""


def _subject(request: Message) -> str:
    """Return what the request names, as far as its field names tell."""
    for name in SUBJECT_FIELDS:
        value = getattr(request, name, "")
        if isinstance(value, str) and value:
            return value
    return ""
