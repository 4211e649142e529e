"""A call that is being served, and what is known of its rpc once and for all."""

import time
import uuid
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache

import structlog
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.runtime.methods import Method, method
from quarterdeck_server.runtime.metrics import Meter
from quarterdeck_server.runtime.service import Context

SUBJECT_FIELDS = (
    "name",
    "principal",
    "node",
    "principal_id",
    "node_id",
    "instrument",
    "session_id",
)
LONGEST_REQUEST_ID = 64


@dataclass(frozen=True, slots=True)
class Rpc:
    """An rpc that is served: what the contract says of it, and where its calls are counted."""

    method: Method
    kind: str
    meter: Meter

    @classmethod
    def at(cls, path: str, kind: str) -> "Rpc":
        """Look up ``/package.Service/Rpc``."""
        about = method(path)
        return cls(about, kind, Meter(kind, about.service, about.name))


@dataclass(slots=True)
class Call:
    """A call being served. A servicer may name the ``subject`` better than the request does."""

    rpc: Rpc
    request_id: str
    started: float = field(default_factory=time.perf_counter)
    caller: Caller | None = None
    request: Message | None = None
    subject: str = ""
    code: str = "OK"

    @property
    def is_of_a_stranger(self) -> bool:
        """Tell whether it needs a caller and has none: anybody can send any number of such."""
        return self.caller is None and self.rpc.method.permission != "PUBLIC"


CALL: ContextVar[Call | None] = ContextVar("call", default=None)


def annotate(subject: str) -> None:
    """Name what the call that is being served acts on, for the audit log."""
    call = CALL.get()
    if call is not None:
        call.subject = subject


def begin(rpc: Rpc, context: Context) -> Call:
    """Begin a call: it is counted, and named in every line that is logged while it lasts."""
    request_id = metadata(context, "x-request-id") or str(uuid.uuid4())
    call = Call(rpc, request_id[:LONGEST_REQUEST_ID])
    CALL.set(call)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(
        request_id=call.request_id, service=rpc.method.service, method=rpc.method.name
    )
    context.set_trailing_metadata((("x-request-id", call.request_id),))
    rpc.meter.begin()
    return call


def metadata(context: Context, key: str) -> str:
    """Return what the caller said beside the request, or nothing."""
    for name, value in context.invocation_metadata() or ():
        if name == key:
            return value if isinstance(value, str) else value.decode()
    return ""


def subject(request: Message) -> str:
    """Return what the request names, as far as its field names tell."""
    descriptor = getattr(request, "DESCRIPTOR", None)
    for name in _subject_fields(descriptor) if descriptor is not None else ():
        if value := getattr(request, name):
            return str(value)
    return ""


@cache
def _subject_fields(message: Descriptor) -> tuple[str, ...]:
    return tuple(
        name
        for name in SUBJECT_FIELDS
        if (found := message.fields_by_name.get(name)) is not None
        and found.type == found.TYPE_STRING
        and not found.is_repeated
    )
