"""Turns credentials into tokens: the steps behind IssueToken and RefreshToken."""

import secrets
import uuid
from dataclasses import dataclass

import structlog

from quarterdeck_server.auth.domain import secret as secrets_of
from quarterdeck_server.auth.domain.api_key import ApiKey, earlier
from quarterdeck_server.auth.domain.principal import Principal
from quarterdeck_server.auth.domain.session import (
    CredentialsInvalid,
    Session,
    TokenPair,
    Verdict,
    access_expiry_s,
    check_renewable,
    claims,
)
from quarterdeck_server.auth.domain.throttle import check_may_try
from quarterdeck_server.auth.keys import KeyRing
from quarterdeck_server.auth.metrics import REFRESHES, SIGN_INS
from quarterdeck_server.auth.passwords import Passwords
from quarterdeck_server.auth.ports import Stores
from quarterdeck_server.kernel.time import MICROSECOND_NS, NS
from quarterdeck_server.runtime.clock import Clock

log = structlog.get_logger()

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long tokens work."""

    access_ns: int
    refresh_ns: int


class SignIn:
    """Opens and renews sessions."""

    def __init__(
        self,
        stores: Stores,
        passwords: Passwords,
        keys: KeyRing,
        lifetimes: Lifetimes,
        clock: Clock,
    ) -> None:
        self._stores, self._passwords, self._keys = stores, passwords, keys
        self._lifetimes, self._clock = lifetimes, clock

    async def with_password(self, principal_id: str, password: str) -> TokenPair:
        """Open a session for a person. Raises CredentialsInvalid and TooManyFailures."""
        async with self._passwords.turn():
            await self._check_password(principal_id, password)
        return await self._open(principal_id, None)

    async def with_api_key(self, text: str) -> TokenPair:
        """Open a session for a machine. Raises CredentialsInvalid.

        Failures are not counted: nobody guesses 256 bits, and whoever knew a key's identifier could
        keep its node from trading.
        """
        secret = secrets_of.parse_api_key(text)
        key = await self._stores.api_keys.find(secret.id) if secret else None
        if secret is None or key is None or not secrets_of.is_same(secret.hash, key.secret_hash):
            raise _refused("api_key")
        if not key.works_at(self._clock.now_ns()):
            raise _refused("api_key")
        return await self._open(key.principal, key)

    async def renew(self, refresh_token: str) -> TokenPair:
        """Exchange a refresh token for a new pair, with the rights the principal has by now."""
        new_token = secrets_of.refresh_token(secrets.token_urlsafe(SECRET_BYTES))
        old_hash, new_hash = secrets_of.hash_of(refresh_token), secrets_of.hash_of(new_token)
        verdict, session = await self._stores.sessions.renew(
            old_hash, new_hash, self._clock.now_ns()
        )
        REFRESHES.labels(verdict.name.lower()).inc()
        if session and verdict is Verdict.STOLEN:
            log.warning("refresh_token_reused", principal=session.principal, session=session.id)
        check_renewable(verdict)
        principal = await self._stores.principals.find(session.principal) if session else None
        if session is None or principal is None or principal.disabled:
            raise CredentialsInvalid
        return self._pair(principal, session, new_token)

    async def _open(self, principal_id: str, key: ApiKey | None) -> TokenPair:
        credential = "api_key" if key else "password"
        principal = await self._stores.principals.find(principal_id)
        if principal is None or principal.disabled:
            raise _refused(credential)
        session = self._new_session(principal, key)
        refresh_token = secrets_of.refresh_token(secrets.token_urlsafe(SECRET_BYTES))
        await self._stores.sessions.open(session, secrets_of.hash_of(refresh_token))
        SIGN_INS.labels(credential, "accepted").inc()
        return self._pair(principal, session, refresh_token)

    def _new_session(self, principal: Principal, key: ApiKey | None) -> Session:
        # The tables keep microseconds; a pair must say the same when it is renewed.
        now_ns = self._clock.now_ns() // MICROSECOND_NS * MICROSECOND_NS
        end_ns = now_ns + self._lifetimes.refresh_ns
        return Session(
            id=uuid.uuid4().hex,
            principal=principal.id,
            api_key=key.id if key else None,
            create_time_ns=now_ns,
            expire_time_ns=earlier(key.expire_time_ns if key else None, end_ns),
        )

    def _pair(self, principal: Principal, session: Session, refresh_token: str) -> TokenPair:
        now_ns = self._clock.now_ns()
        expire_s = access_expiry_s(session, now_ns, self._lifetimes.access_ns)
        content = claims(principal, session, jti=uuid.uuid4().hex, now_ns=now_ns, expire_s=expire_s)
        return TokenPair(
            self._keys.sign(content), expire_s * NS, refresh_token, session.expire_time_ns
        )

    async def _check_password(self, principal_id: str, password: str) -> None:
        """Verify within a turn, so that many attempts at once cannot outrun the count."""
        check_may_try(await self._stores.failures.find(principal_id), self._clock.now_ns())
        stored = await self._stores.principals.password_hash(principal_id)
        if not await self._passwords.verify(stored, password):
            await self._stores.failures.add(principal_id, self._clock.now_ns())
            raise _refused("password")
        await self._stores.failures.forget(principal_id)
        if stored and self._passwords.is_weak(stored):
            stronger = await self._passwords.hash(password)
            await self._stores.principals.rehash(principal_id, stored, stronger)


def _refused(credential: str) -> CredentialsInvalid:
    SIGN_INS.labels(credential, "refused").inc()
    return CredentialsInvalid()
