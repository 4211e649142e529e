"""From a gRPC failure to a typed error."""

from collections.abc import Iterable
from typing import cast

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from quarterdeck.api.stream.v1.control_pb2 import StreamError
from quarterdeck.api.type.v1.error_reason_pb2 import ErrorReason
from quarterdeck.errors import (
    AlreadyExists,
    Cause,
    Conflict,
    DeadlineExceeded,
    FieldProblem,
    InvalidRequest,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    NotPossibleNow,
    QuarterdeckError,
    RateLimited,
    ServerError,
    Unavailable,
)

DETAILS_KEY = "grpc-status-details-bin"
REQUEST_ID_KEY = "x-request-id"
REASON_PREFIX = "ERROR_REASON_"
CONNECTION_LOST = ("RST_STREAM", "GOAWAY", "Connection reset", "Socket closed")
CLASSES: dict[grpc.StatusCode, type[QuarterdeckError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequest,
    grpc.StatusCode.UNAUTHENTICATED: NotAuthenticated,
    grpc.StatusCode.PERMISSION_DENIED: NotAllowed,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExists,
    grpc.StatusCode.FAILED_PRECONDITION: NotPossibleNow,
    grpc.StatusCode.ABORTED: Conflict,
    grpc.StatusCode.RESOURCE_EXHAUSTED: RateLimited,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.CANCELLED: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
}
EMPTY = status_pb2.Status()
BY_NUMBER = {code.value[0]: code for code in grpc.StatusCode}


def error_from(error: grpc.RpcError) -> QuarterdeckError:
    """Translate what gRPC raised."""
    text = error.details() or error.code().name
    pairs = cast("Iterable[tuple[str, str | bytes]]", error.trailing_metadata() or ())
    trailing = dict(pairs)
    cause = _cause(_details(trailing.get(DETAILS_KEY)), str(trailing.get(REQUEST_ID_KEY, "")))
    return _class(error.code(), text, cause.reason)(text, cause)


def error_from_stream(error: StreamError) -> QuarterdeckError:
    """Translate the last message of a stream."""
    code = BY_NUMBER.get(error.code, grpc.StatusCode.UNKNOWN)
    reason = ErrorReason.Name(error.reason).removeprefix(REASON_PREFIX) if error.reason else ""
    return _class(code, error.message, reason)(error.message, Cause(reason))


def error_from_status(status: status_pb2.Status) -> QuarterdeckError:
    """Translate a status that came in an answer."""
    code = BY_NUMBER.get(status.code, grpc.StatusCode.UNKNOWN)
    cause = _cause(status, "")
    return _class(code, status.message, cause.reason)(status.message, cause)


def _class(code: grpc.StatusCode, text: str, reason: str) -> type[QuarterdeckError]:
    """Choose the class; a connection that a proxy cut looks like a fault of the server."""
    if not reason and any(sign in text for sign in CONNECTION_LOST):
        return Unavailable
    return CLASSES.get(code, ServerError)


def _details(packed: str | bytes | None) -> status_pb2.Status:
    """Read the status details; a proxy's own refusal carries none."""
    try:
        return status_pb2.Status.FromString(packed) if isinstance(packed, bytes) else EMPTY
    except DecodeError:
        return EMPTY


def _cause(status: status_pb2.Status, request_id: str) -> Cause:
    info = _first(status, error_details_pb2.ErrorInfo())
    request = _first(status, error_details_pb2.RequestInfo())
    return Cause(
        reason=info.reason,
        metadata=dict(info.metadata),
        request_id=request.request_id or request_id,
        retry_after=_retry_after(status),
        fields=tuple(_fields(_first(status, error_details_pb2.BadRequest()))),
    )


def _first[M: Message](status: status_pb2.Status, into: M) -> M:
    """Fill the message from the first detail of its kind; without one it stays empty."""
    for detail in status.details:
        if detail.Unpack(into):
            break
    return into


def _retry_after(status: status_pb2.Status) -> float | None:
    retry = _first(status, error_details_pb2.RetryInfo())
    return (
        retry.retry_delay.ToTimedelta().total_seconds() if retry.HasField("retry_delay") else None
    )


def _fields(request: error_details_pb2.BadRequest) -> Iterable[FieldProblem]:
    return (FieldProblem(v.field, v.description) for v in request.field_violations)
