"""The errors a service raises on purpose. Knows nothing of gRPC.

Each error has a ``kind`` (what the caller can do about it), a ``reason`` (a value of the contract's
``ErrorReason`` without its prefix) and string ``metadata``. The error interceptor turns them into
``google.rpc.Status``.

QuarterdeckError
├── InvalidField            INVALID        FIELD_INVALID (and subclasses with a reason of their own)
├── InvalidRequest          INVALID        several fields at once
├── NotAuthenticated        UNAUTHENTICATED
├── NotAllowed              DENIED
├── NotFound                NOT_FOUND
├── AlreadyExists           EXISTS
├── NotPossibleNow          PRECONDITION
├── Conflict                CONFLICT
├── Exhausted               EXHAUSTED
└── Unavailable             UNAVAILABLE
"""

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar


class Kind(Enum):
    """What the caller can do about an error."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    DENIED = "denied"
    NOT_FOUND = "not_found"
    EXISTS = "exists"
    PRECONDITION = "precondition"
    CONFLICT = "conflict"
    EXHAUSTED = "exhausted"
    UNAVAILABLE = "unavailable"


class QuarterdeckError(Exception):
    """The root of every deliberate failure; ``reason`` is part of the public contract."""

    kind: ClassVar[Kind]
    reason: str

    def __init__(self, message: str, **metadata: str) -> None:
        super().__init__(message)
        self.metadata = metadata


class InvalidField(QuarterdeckError):
    """A request field that cannot be accepted; ``field`` is its path in the request."""

    kind = Kind.INVALID
    reason = "FIELD_INVALID"

    def __init__(self, field: str, problem: str, **metadata: str) -> None:
        super().__init__(f"{field} {problem}", field=field, **metadata)
        self.field, self.problem = field, problem


class InvalidRequest(QuarterdeckError):
    """A request in which several fields are at fault, each a path and its problem."""

    kind = Kind.INVALID
    reason = "FIELD_INVALID"

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        first, problem = problems[0]
        super().__init__(f"{first} {problem}", field=first)
        self.problems = tuple(problems)


class NotAuthenticated(QuarterdeckError):
    """The caller did not prove who it is; ``reason`` tells what was wrong with the proof."""

    kind = Kind.UNAUTHENTICATED

    def __init__(self, reason: str, message: str, **metadata: str) -> None:
        super().__init__(message, **metadata)
        self.reason = reason


class NotAllowed(QuarterdeckError):
    """The caller is known and may not do this."""

    kind = Kind.DENIED
    reason = "PERMISSION_MISSING"


class NotFound(QuarterdeckError):
    """The named resource does not exist."""

    kind = Kind.NOT_FOUND
    reason = "RESOURCE_NOT_FOUND"

    def __init__(self, resource_type: str, name: str) -> None:
        super().__init__(
            f"{resource_type} {name} does not exist", resource_type=resource_type, name=name
        )
        self.resource_type, self.name = resource_type, name


class InstrumentNotFound(NotFound):
    """No instrument has this identifier."""

    reason = "INSTRUMENT_NOT_FOUND"

    def __init__(self, instrument: str) -> None:
        super().__init__("instrument", instrument)
        self.metadata = {"instrument": instrument}


class AlreadyExists(QuarterdeckError):
    """A resource with this name exists."""

    kind = Kind.EXISTS
    reason = "RESOURCE_EXISTS"

    def __init__(self, resource_type: str, name: str) -> None:
        super().__init__(
            f"{resource_type} {name} exists already", resource_type=resource_type, name=name
        )
        self.resource_type, self.name = resource_type, name


class NotPossibleNow(QuarterdeckError):
    """The request is well formed and the state of the system forbids it."""

    kind = Kind.PRECONDITION
    reason = "STATE_FORBIDS"

    def __init__(self, subject: str, message: str, **metadata: str) -> None:
        super().__init__(message, subject=subject, **metadata)
        self.subject = subject


class Conflict(QuarterdeckError):
    """The resource changed since the caller read it, or an identifier means something else."""

    kind = Kind.CONFLICT
    reason = "ETAG_MISMATCH"


class Exhausted(QuarterdeckError):
    """A quota or limit is used up; ``retry_after_s`` says when to come back, if that helps."""

    kind = Kind.EXHAUSTED
    reason = "LIMIT_EXCEEDED"

    def __init__(
        self, subject: str, message: str, retry_after_s: float | None = None, **metadata: str
    ) -> None:
        super().__init__(message, subject=subject, **metadata)
        self.subject, self.retry_after_s = subject, retry_after_s


class ReaderTooSlow(Exhausted):
    """A reader fell too far behind; it may resume where it was."""

    reason = "READER_TOO_SLOW"

    def __init__(self, behind_bytes: int) -> None:
        super().__init__("reader", "the reader fell too far behind", behind_bytes=str(behind_bytes))


class Unavailable(QuarterdeckError):
    """Something this needs is not reachable now; trying again later may work."""

    kind = Kind.UNAVAILABLE
    reason = "DEPENDENCY_UNAVAILABLE"

    def __init__(self, message: str, retry_after_s: float = 1.0, **metadata: str) -> None:
        super().__init__(message, **metadata)
        self.retry_after_s = retry_after_s


class ScopeForbidden(NotAllowed):
    """The account or strategy lies outside of what the caller may see or write."""

    reason = "SCOPE_FORBIDDEN"

    def __init__(self, field: str, value: str) -> None:
        super().__init__(f"{field} {value} is outside of the caller's scope", field=field)
        self.metadata[field.rsplit(".", 1)[-1]] = value
