"""Records of the audit log and the questions asked of it."""

from dataclasses import dataclass

from quarterdeck_server.kernel.errors import InvalidField


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Who did what, when, with what outcome."""

    id: int
    time_ns: int
    actor: str
    action: str
    subject: str
    payload: str
    prev_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which records a page is made of."""

    actor: str = ""
    action_prefix: str = ""
    start_ns: int | None = None
    end_ns: int | None = None

    def __post_init__(self) -> None:
        if self.start_ns is None or self.end_ns is None:
            return
        if self.end_ns <= self.start_ns:
            raise InvalidField("end_time", "must be after start_time")

    @property
    def values(self) -> tuple[object, ...]:
        """Everything that decides what matches, to tie a page token to."""
        return (self.actor, self.action_prefix, self.start_ns, self.end_ns)


@dataclass(frozen=True, slots=True)
class Verification:
    """How far the chain holds."""

    verified_count: int
    first_broken_id: int | None
    head_hash: bytes


def check_range(first_id: int, last_id: int) -> None:
    """Refuse a range that ends before it begins; 0 means the newest."""
    if last_id and last_id < first_id:
        raise InvalidField("last_id", "must not be before first_id")
