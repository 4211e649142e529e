"""What the auth area needs from the outside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from quarterdeck_server.auth.domain.api_key import ApiKey
from quarterdeck_server.auth.domain.audit import AuditEvent, AuditFilter, Verification
from quarterdeck_server.auth.domain.principal import Principal
from quarterdeck_server.auth.domain.request import RequestKey
from quarterdeck_server.auth.domain.revocation import Revocations
from quarterdeck_server.auth.domain.seed import Seed
from quarterdeck_server.auth.domain.session import Session, Verdict
from quarterdeck_server.auth.domain.throttle import Failures


class PrincipalStore(Protocol):
    """Where principals are kept."""

    async def create(
        self, principal: Principal, password_hash: str | None, request: RequestKey | None
    ) -> Principal:
        """Add a principal; the same request again returns what it made. Raises AlreadyExists."""
        ...

    async def find(self, principal_id: str) -> Principal | None:
        """Return a principal, if it exists."""
        ...

    async def list(self, after_id: str, limit: int) -> Sequence[Principal]:
        """Return principals by identifier, those after ``after_id``."""
        ...

    async def update(
        self,
        principal_id: str,
        edit: Callable[[Principal], Principal],
        now_ns: int,
        password_hash: str | None = None,
    ) -> Principal:
        """Replace a principal by what ``edit`` makes of it; a new password ends its sessions.

        Raises PrincipalNotFound, LastAdmin, and what ``edit`` raises.
        """
        ...

    async def password_hash(self, principal_id: str) -> str | None:
        """Return the hash of a person's password, if there is one."""
        ...

    async def rehash(self, principal_id: str, old_hash: str, new_hash: str) -> None:
        """Replace a hash by a stronger one of the same password."""
        ...


class SeedStore(Protocol):
    """Where the principals of the installer arrive."""

    async def seed_hash(self, principal_id: str) -> str | None:
        """Return the hash of the password that was seeded last, if one was."""
        ...

    async def plant(self, seed: Seed, password_hash: str | None, now_ns: int) -> None:
        """Make sure that the principal exists with this secret."""
        ...


class ApiKeyStore(Protocol):
    """Where API keys are kept."""

    async def create(self, key: ApiKey) -> ApiKey:
        """Add a key."""
        ...

    async def find(self, key_id: str) -> ApiKey | None:
        """Return a key, if it exists."""
        ...

    async def list(self, principal: str, after_id: str, limit: int) -> Sequence[ApiKey]:
        """Return keys by identifier, those after ``after_id``, of one principal if given."""
        ...

    async def rotate(self, key_id: str, succeed: Callable[[ApiKey], ApiKey], end_ns: int) -> ApiKey:
        """Add a successor and let the key and its sessions end. Raises ApiKeyNotFound."""
        ...

    async def revoke(self, key_id: str, now_ns: int) -> ApiKey:
        """End a key and its sessions. Raises ApiKeyNotFound."""
        ...


class SessionStore(Protocol):
    """Where sessions and their refresh tokens are kept."""

    async def open(self, session: Session, refresh_hash: bytes) -> None:
        """Add a session, unless its credential stopped working. Raises CredentialsInvalid."""
        ...

    async def renew(
        self, old_hash: bytes, new_hash: bytes, now_ns: int
    ) -> tuple[Verdict, Session | None]:
        """Exchange a refresh token; a second use of one ends its session."""
        ...

    async def revoke(self, session_id: str, now_ns: int) -> None:
        """End a session."""
        ...

    async def revocations(self, since_ns: int, now_ns: int) -> Revocations:
        """Return what was revoked in a period."""
        ...


class FailureStore(Protocol):
    """Where failed sign-ins are counted."""

    async def find(self, principal_id: str) -> Failures | None:
        """Return the failures since the last success, if there are any."""
        ...

    async def add(self, principal_id: str, now_ns: int) -> None:
        """Count a failure."""
        ...

    async def forget(self, principal_id: str) -> None:
        """Begin anew after a success."""
        ...


class AuditLog(Protocol):
    """Where the audit log is read."""

    async def before(
        self, question: AuditFilter, before_id: int | None, limit: int
    ) -> Sequence[AuditEvent]:
        """Return matching records, newest first, those before an identifier."""
        ...

    async def after(self, event_id: int, limit: int) -> Sequence[AuditEvent]:
        """Return records, oldest first, those after an identifier."""
        ...

    async def head(self) -> int:
        """Return the identifier of the newest record, 0 when there is none."""
        ...

    async def verify(self, first_id: int, last_id: int) -> Verification:
        """Compute the chain again."""
        ...


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything the area keeps."""

    principals: PrincipalStore
    seeds: SeedStore
    api_keys: ApiKeyStore
    sessions: SessionStore
    failures: FailureStore
    audit: AuditLog
