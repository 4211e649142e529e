"""What happens around every call: identity, rights, rules, audit, errors, measurement.

Handlers are wrapped once, when their rpc is called for the first time: an interceptor of grpc.aio
costs a coroutine and a new handler a call, 0.2 ms. Each concern has its own module and is called
here in the one order that makes sense.
"""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from quarterdeck_server.kernel.errors import NotAuthenticated, QuarterdeckError
from quarterdeck_server.runtime import rules, status
from quarterdeck_server.runtime.audit import AuditLog, record
from quarterdeck_server.runtime.authenticate import Authenticator
from quarterdeck_server.runtime.call import Call, Rpc, begin, metadata, subject
from quarterdeck_server.runtime.caller import CURRENT
from quarterdeck_server.runtime.live import LiveStreams
from quarterdeck_server.runtime.postgres import TextNotStorable
from quarterdeck_server.runtime.service import Context

log = structlog.get_logger()

ANONYMOUS = "anonymous"
BEARER = "bearer "
type Behavior = Callable[[Any, Context], Any]
type Handler = grpc.RpcMethodHandler[Any, Any]


@dataclass(frozen=True, slots=True)
class Gate:
    """What decides whether a call may go on; ``deadline_s`` holds for unary calls without one."""

    authenticator: Authenticator
    audit: AuditLog
    live: LiveStreams
    max_message_bytes: int
    deadline_s: float


class Guard:
    """Wraps the handlers of a server."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def guarded(self, path: str, handler: Handler) -> Handler:
        """Return the handler of an rpc, wrapped."""
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
            made = self._unary(Rpc.at(path, "unary"), behavior)
            return grpc.unary_unary_rpc_method_handler(made, *codecs)
        if handler.unary_stream:
            made = self._stream(Rpc.at(path, "server_stream"), behavior)
            return grpc.unary_stream_rpc_method_handler(made, *codecs)
        if handler.stream_unary:
            made = self._unary_in(Rpc.at(path, "client_stream"), behavior)
            return grpc.stream_unary_rpc_method_handler(made, *codecs)
        made = self._stream_in(Rpc.at(path, "bidi_stream"), behavior)
        return grpc.stream_stream_rpc_method_handler(made, *codecs)

    def _unary(self, rpc: Rpc, behavior: Behavior) -> Behavior:
        async def guarded(request: Message, context: Context) -> Any:
            async with self._served(rpc, context) as call:
                await self._admit(call, request, context)
                return await asyncio.wait_for(behavior(request, context), self._deadline(context))

        return guarded

    def _stream(self, rpc: Rpc, behavior: Behavior) -> Behavior:
        """Wrap a generator, or a coroutine that writes to the context itself."""

        async def guarded_writer(request: Message, context: Context) -> None:
            async with self._served(rpc, context) as call:
                await self._admit(call, request, context)
                await behavior(request, context)

        async def guarded(request: Message, context: Context) -> None:
            async with self._served(rpc, context) as call:
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

    def _unary_in(self, rpc: Rpc, behavior: Behavior) -> Behavior:
        """Wrap a call whose requests come as a stream, each of which must hold to the rules."""

        async def ruled(requests: AsyncIterator[Message]) -> AsyncIterator[Message]:
            async for request in requests:
                rules.enforce(request, self._gate.max_message_bytes)
                yield request

        async def guarded(requests: AsyncIterator[Message], context: Context) -> Any:
            async with self._served(rpc, context) as call:
                await self._identify(call, context)
                async with self._gate.live.watched(call.caller):
                    return await behavior(ruled(requests), context)

        return guarded

    def _stream_in(self, rpc: Rpc, behavior: Behavior) -> Behavior:
        """Wrap reflection, the one foreign service whose requests come as a stream."""

        async def guarded(requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
            async with self._served(rpc, context) as call:
                await self._identify(call, context)
                async for response in behavior(requests, context):
                    yield response

        return guarded

    @asynccontextmanager
    async def _served(self, rpc: Rpc, context: Context) -> AsyncIterator[Call]:
        """Serve a call: however it ends, it is recorded before its caller learns how."""
        call = begin(rpc, context)
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
        call.subject = subject(request)
        await self._identify(call, context)
        rules.enforce(request, self._gate.max_message_bytes)

    async def _identify(self, call: Call, context: Context) -> None:
        CURRENT.set(None)
        permission = call.rpc.method.permission
        if permission != "PUBLIC":
            call.caller = await self._gate.authenticator.authenticate(_token(context))
            CURRENT.set(call.caller)
            structlog.contextvars.bind_contextvars(principal=call.caller.principal)
            call.caller.require(permission)

    async def _end(self, call: Call) -> None:
        call.rpc.meter.end(call.code, time.perf_counter() - call.started)
        if not call.rpc.method.is_read:
            await self._audit(call)

    async def _audit(self, call: Call) -> None:
        actor = call.caller.principal if call.caller else ANONYMOUS
        action = call.rpc.method.full_name
        if call.rpc.method.audit_summary or call.is_of_a_stranger:
            self._gate.audit.count(actor, action, call.code)
            return
        await self._gate.audit.add(
            record(actor, action, call.subject, outcome=call.code, request_id=call.request_id)
        )


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
    value = metadata(context, "authorization")
    if not value.lower().startswith(BEARER):
        raise NotAuthenticated("TOKEN_MISSING", "the call carries no access token")
    return value[len(BEARER) :]
