"""API keys: long-lived credentials of machines."""

from dataclasses import dataclass

from quarterdeck_server.auth.domain.principal import Principal, PrincipalKind
from quarterdeck_server.kernel.errors import InvalidField, NotFound, NotPossibleNow

COLLECTION = "apiKeys/"


class ApiKeyNotFound(NotFound):
    """No API key has this name."""

    def __init__(self, name: str) -> None:
        super().__init__("api_key", name)


class ApiKeyRevoked(NotPossibleNow):
    """A revoked key can have no successor."""

    def __init__(self, name: str) -> None:
        super().__init__(name, f"{name} is revoked")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A credential of a machine, without its secret."""

    id: str
    principal: str
    display_name: str
    prefix: str
    secret_hash: bytes
    create_time_ns: int
    lifetime_ns: int | None = None
    expire_time_ns: int | None = None
    revoke_time_ns: int | None = None
    last_use_time_ns: int | None = None
    from_seed: bool = False

    @property
    def name(self) -> str:
        """The resource name."""
        return COLLECTION + self.id

    def works_at(self, now_ns: int) -> bool:
        """Whether it is neither revoked nor expired."""
        expired = self.expire_time_ns is not None and self.expire_time_ns <= now_ns
        return self.revoke_time_ns is None and not expired


def check_owner(principal: Principal) -> None:
    """Refuse a key for a person, and for a principal that may not sign in."""
    if principal.kind is not PrincipalKind.MACHINE:
        raise InvalidField("principal", "must be a machine, people sign in with a password")
    if principal.disabled:
        raise NotPossibleNow(principal.name, f"{principal.name} is disabled")


def lifetime_until(expire_time_ns: int | None, now_ns: int) -> int | None:
    """Return how long a key shall work, refusing an end in the past."""
    if expire_time_ns is None:
        return None
    if expire_time_ns <= now_ns:
        raise InvalidField("expire_time", "must be in the future")
    return expire_time_ns - now_ns


def end_after(now_ns: int, lifetime_ns: int | None) -> int | None:
    """Return when something that lives so long ends, if it ever does."""
    return None if lifetime_ns is None else now_ns + lifetime_ns


def earlier(left_ns: int | None, right_ns: int) -> int:
    """Return the earlier end, where an absent one means never."""
    return right_ns if left_ns is None else min(left_ns, right_ns)


def id_from_name(name: str) -> str:
    """Return the last part of a key's name."""
    return name.removeprefix(COLLECTION)
