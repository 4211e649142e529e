"""Turns deliberate errors into ``google.rpc.Status``. The only place that knows both worlds."""

from collections.abc import Iterator
from typing import cast

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import (
    BadRequest,
    ErrorInfo,
    PreconditionFailure,
    QuotaFailure,
    RequestInfo,
    ResourceInfo,
    RetryInfo,
)
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from quarterdeck_server.kernel.errors import (
    AlreadyExists,
    Exhausted,
    InvalidField,
    InvalidRequest,
    Kind,
    NotFound,
    NotPossibleNow,
    QuarterdeckError,
    Unavailable,
)
from quarterdeck_server.runtime.convert import duration_to

DOMAIN = "quarterdeck"

CODES = {
    Kind.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Kind.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    Kind.DENIED: grpc.StatusCode.PERMISSION_DENIED,
    Kind.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Kind.EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Kind.PRECONDITION: grpc.StatusCode.FAILED_PRECONDITION,
    Kind.CONFLICT: grpc.StatusCode.ABORTED,
    Kind.EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Kind.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
}


def code_of(error: QuarterdeckError) -> grpc.StatusCode:
    """Return the gRPC code of a deliberate error."""
    return CODES[error.kind]


def to_status(error: QuarterdeckError) -> Status:
    """Describe a deliberate error with an ErrorInfo and what else helps the caller."""
    status = Status(code=code_of(error).value[0], message=str(error))
    info = ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    for detail in (info, *_details(error)):
        _add(status, detail)
    return status


def internal(request_id: str) -> Status:
    """Describe an unexpected error by nothing but where to find it in the log."""
    status = Status(code=grpc.StatusCode.INTERNAL.value[0], message="internal error")
    _add(status, RequestInfo(request_id=request_id))
    return status


def told(error: grpc.aio.AioRpcError) -> ErrorInfo:
    """Return what a peer said about why it refused a call; empty if it said nothing."""
    status, info = rpc_status.from_call(cast(grpc.Call, error)), ErrorInfo()
    for detail in status.details if status is not None else ():
        if detail.Unpack(info):
            return info
    return ErrorInfo()


def _details(error: QuarterdeckError) -> Iterator[Message]:
    if isinstance(error, InvalidField):
        yield _bad_request([(error.field, error.problem)])
    elif isinstance(error, InvalidRequest):
        yield _bad_request(error.problems)
    elif isinstance(error, NotFound | AlreadyExists):
        yield ResourceInfo(resource_type=error.resource_type, resource_name=error.name)
    elif isinstance(error, NotPossibleNow):
        violation = PreconditionFailure.Violation(
            type=error.reason, subject=error.subject, description=str(error)
        )
        yield PreconditionFailure(violations=[violation])
    elif isinstance(error, Exhausted):
        quota = QuotaFailure.Violation(subject=error.subject, description=str(error))
        yield QuotaFailure(violations=[quota])
    if isinstance(error, Exhausted | Unavailable) and error.retry_after_s is not None:
        yield RetryInfo(retry_delay=duration_to(error.retry_after_s))


def _bad_request(problems: "list[tuple[str, str]] | tuple[tuple[str, str], ...]") -> BadRequest:
    violations = [
        BadRequest.FieldViolation(field=field, description=problem) for field, problem in problems
    ]
    return BadRequest(field_violations=violations)


def _add(status: Status, detail: Message) -> None:
    packed = Any()
    packed.Pack(detail)
    status.details.append(packed)
