"""What a call can fail with.

QuarterdeckError
├── InvalidRequest       fields of the request cannot be accepted; see ``fields``
├── NotAuthenticated     the credential or token does not hold
├── NotAllowed           the caller is known and may not do this
├── NotFound             the named thing does not exist
├── AlreadyExists        a thing with this name exists
├── NotPossibleNow       the state of the system forbids it
├── Conflict             it changed since it was read, or an identifier was used for other content
├── RateLimited          a limit is used up; come back after ``retry_after`` seconds
├── Unavailable          the deck, or something it needs, is not reachable now
│   └── DeadlineExceeded the answer did not come in time; the call may have taken effect
├── ServerError          a fault of the server; quote ``request_id`` to its operators
└── UnannouncedGap       a stream left events out without saying so
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """A field of the request that cannot be accepted."""

    field: str
    """The path in the request, for example ``quotes[0].bid_price[3]``."""
    problem: str
    """What is wrong with it."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What the server said about a failure besides its message."""

    reason: str = ""
    """A value of ``ErrorReason`` without its prefix; empty if the edge or the network failed."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """The values that belong to the reason, as the contract lists them."""
    request_id: str = ""
    """The server's identifier of the call, if it told one."""
    retry_after: float | None = None
    """Seconds after which trying again makes sense, if the server told."""
    fields: Sequence[FieldProblem] = ()
    """The fields at fault."""


class QuarterdeckError(Exception):
    """The root of everything this package raises on purpose."""

    def __init__(self, message: str, cause: Cause | None = None) -> None:
        super().__init__(message)
        self.cause = cause or Cause()

    @property
    def message(self) -> str:
        """What went wrong, for people."""
        return str(self.args[0])

    @property
    def reason(self) -> str:
        """The value of ``ErrorReason`` without its prefix, or empty."""
        return self.cause.reason

    @property
    def metadata(self) -> Mapping[str, str]:
        """The values that belong to the reason."""
        return self.cause.metadata

    @property
    def request_id(self) -> str:
        """The server's identifier of the call, or empty."""
        return self.cause.request_id

    @property
    def retry_after(self) -> float | None:
        """Seconds after which trying again makes sense, if the server told."""
        return self.cause.retry_after


class InvalidRequest(QuarterdeckError):
    """Fields of the request cannot be accepted."""

    @property
    def fields(self) -> Sequence[FieldProblem]:
        """The fields at fault; empty if the server named none."""
        return self.cause.fields


class NotAuthenticated(QuarterdeckError):
    """The credential or token does not hold."""


class NotAllowed(QuarterdeckError):
    """The caller is known and may not do this."""


class NotFound(QuarterdeckError):
    """The named thing does not exist."""


class AlreadyExists(QuarterdeckError):
    """A thing with this name exists."""


class NotPossibleNow(QuarterdeckError):
    """The request is well formed and the state of the system forbids it."""


class Conflict(QuarterdeckError):
    """It changed since it was read, or an identifier was used for other content."""


class RateLimited(QuarterdeckError):
    """A limit is used up, or a reader was too slow."""


class Unavailable(QuarterdeckError):
    """The deck, or something it needs, is not reachable now."""


class DeadlineExceeded(Unavailable):
    """The answer did not come in time; the call may have taken effect."""


class ServerError(QuarterdeckError):
    """A fault of the server."""


class UnannouncedGap(QuarterdeckError):
    """A stream left events out without saying so: what was built from the topic may be wrong."""

    def __init__(self, topic: str, epoch: int, first: int, last: int) -> None:
        super().__init__(f"{topic} lost {first} to {last} of epoch {epoch} without an announcement")
        self.topic = topic
        """The topic."""
        self.epoch = epoch
        """The epoch in which events are missing."""
        self.first_lost_sequence = first
        """The first sequence number missing; 0 if unknown, after a change of epoch."""
        self.last_lost_sequence = last
        """The last sequence number missing; 0 if unknown."""


def invalid_field(path: str, problem: str) -> InvalidRequest:
    """Make the error for one field that this package itself refuses, before anything is sent."""
    cause = Cause("FIELD_INVALID", {"field": path}, fields=(FieldProblem(path, problem),))
    return InvalidRequest(f"{path} {problem}", cause)
