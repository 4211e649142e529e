"""The validation rules of the contract, enforced before a servicer sees the request."""

from collections.abc import Callable
from typing import Any

import protovalidate
from google.protobuf.message import DecodeError, Message

from quarterdeck_server.kernel.errors import InvalidField, InvalidRequest, QuarterdeckError


class MessageTooLarge(QuarterdeckError):
    """The request is larger than the service accepts."""

    kind = InvalidField.kind
    reason = "MESSAGE_TOO_LARGE"

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            f"the request has {size} bytes, at most {limit} are accepted",
            size_bytes=str(size),
            limit_bytes=str(limit),
        )


class Unreadable(InvalidField):
    """The bytes of the request are no message of its type."""

    def __init__(self) -> None:
        super().__init__("request", "cannot be read as a message of its type")


def readable(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Return a reader that gives what it cannot read back as an error, for ``enforce`` to raise.

    An error raised while grpc reads would end the call before any code of ours runs.
    """

    def tried(data: bytes) -> Any:
        try:
            return read(data)
        except DecodeError:
            return Unreadable()

    return tried


def enforce(request: Message | Unreadable, max_bytes: int) -> None:
    """Refuse a request that cannot be read, is too large or breaks a rule of its fields."""
    if isinstance(request, Unreadable):
        raise request
    size = request.ByteSize()
    if size > max_bytes:
        raise MessageTooLarge(size, max_bytes)
    if violations := protovalidate.collect_violations(request):
        problems = [(_path(v), v.proto.message) for v in violations]
        if len(problems) == 1:
            raise InvalidField(*problems[0])
        raise InvalidRequest(problems)


def field_with_nul(message: Message, path: str = "") -> str:
    """Return the path of the first text with a NUL, or nothing."""
    for field, value in message.ListFields():
        for place, one in enumerate(value if field.is_repeated else [value]):
            where = f"{path}{field.name}" + (f"[{place}]" if field.is_repeated else "")
            if isinstance(one, Message):
                where = field_with_nul(one, f"{where}.")
            elif not isinstance(one, str) or "\0" not in one:
                continue
            if where:
                return where
    return ""


def _path(violation: protovalidate.Violation) -> str:
    """Write a path as ``events[3].fill.quantity``."""
    text = ""
    field = violation.proto.field
    for element in field.elements if field else ():
        text += f".{element.field_name}" if text else element.field_name
        subscript = element.subscript
        if subscript is not None:
            text += f"[{subscript.value}]"
    return text
