"""Sessions: a sign-in and everything renewed from it."""

from dataclasses import dataclass
from enum import Enum, auto

from quarterdeck_server.auth.domain.principal import Principal
from quarterdeck_server.kernel.errors import NotAuthenticated
from quarterdeck_server.kernel.time import NS

ISSUER = "quarterdeck"
AUDIENCE = "quarterdeck"


class CredentialsInvalid(NotAuthenticated):
    """The password or API key is wrong, or its principal is disabled; which, is not said."""

    def __init__(self) -> None:
        super().__init__("CREDENTIALS_INVALID", "the credentials are not valid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A sign-in of a principal; it can be renewed until it expires."""

    id: str
    principal: str
    create_time_ns: int
    expire_time_ns: int
    api_key: str | None = None
    revoke_time_ns: int | None = None

    def is_revoked(self, now_ns: int) -> bool:
        """Whether it was ended before its time; a rotated key's session ends in the future."""
        return self.revoke_time_ns is not None and self.revoke_time_ns <= now_ns


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token with the refresh token that renews it."""

    access_token: str
    access_expire_time_ns: int
    refresh_token: str
    refresh_expire_time_ns: int


class Verdict(Enum):
    """What becomes of a refresh."""

    RENEW = auto()
    UNKNOWN = auto()
    EXPIRED = auto()
    REVOKED = auto()
    STOLEN = auto()


def judge_refresh(session: Session | None, was_used: bool, now_ns: int) -> Verdict:
    """Decide on a refresh token of a session, or of none."""
    if session is None:
        return Verdict.UNKNOWN
    if session.is_revoked(now_ns):
        return Verdict.REVOKED
    if was_used:
        return Verdict.STOLEN
    return Verdict.EXPIRED if session.expire_time_ns <= now_ns else Verdict.RENEW


_REFUSALS = {
    Verdict.UNKNOWN: ("TOKEN_INVALID", "the refresh token is not valid"),
    Verdict.EXPIRED: ("TOKEN_EXPIRED", "the refresh token has expired"),
    Verdict.REVOKED: ("TOKEN_REVOKED", "the session was ended"),
    Verdict.STOLEN: ("TOKEN_REVOKED", "the refresh token was used before, the session is ended"),
}


def check_renewable(verdict: Verdict) -> None:
    """Refuse a refresh unless the verdict is to renew."""
    if verdict is not Verdict.RENEW:
        raise NotAuthenticated(*_REFUSALS[verdict])


def claims(
    principal: Principal, session: Session, *, jti: str, now_ns: int, expire_s: int
) -> dict[str, object]:
    """Compose what an access token says."""
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": principal.name,
        "sid": session.id,
        "perms": sorted(principal.permissions),
        "accounts": list(principal.accounts),
        "strategies": list(principal.strategies),
        "iat": now_ns // NS,
        "exp": expire_s,
        "jti": jti,
    }


def access_expiry_s(session: Session, now_ns: int, lifetime_ns: int) -> int:
    """Return when an access token ends, in Unix seconds: never after its session."""
    end_ns = min(now_ns + lifetime_ns, session.expire_time_ns)
    if session.revoke_time_ns is not None:
        end_ns = min(end_ns, session.revoke_time_ns)
    return end_ns // NS
