"""Who calls: access tokens verified in every process, without asking anybody for each call."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import grpc
import jwt
import structlog

from quarterdeck.api.auth.v1 import token_service_pb2 as pb
from quarterdeck.api.auth.v1 import token_service_pb2_grpc as rpc
from quarterdeck_server.kernel.errors import NotAuthenticated, Unavailable
from quarterdeck_server.runtime.background import Background
from quarterdeck_server.runtime.bus.port import Bus
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.peers import Peers

log = structlog.get_logger()

ISSUER = AUDIENCE = "quarterdeck"
ALGORITHM = "ES256"
REVOCATIONS = "_revocations"
REFRESH_PAUSE_S = 1.0
MOST_CACHED = 20_000
CLAIMS = ["exp", "iat", "sub", "sid", "aud", "iss"]

type Keys = Mapping[str, jwt.PyJWK]
type KeySource = Callable[[], Awaitable[Keys]]


class Authenticator(Protocol):
    """Tells who calls, by the access token."""

    async def authenticate(self, token: str) -> Caller:
        """Return the caller. Raises NotAuthenticated."""
        ...

    def revoked(self, caller: Caller) -> bool:
        """Tell whether the caller's session or principal was revoked since the token was issued."""
        ...


@dataclass(frozen=True, slots=True)
class Revocations:
    """What was revoked within the lifetime of an access token, with Unix seconds."""

    sessions: Mapping[str, float]
    principals: Mapping[str, float]

    @classmethod
    def parse(cls, payload: bytes) -> "Revocations":
        """Read what the auth area puts on the bus."""
        lists = json.loads(payload)
        return cls(lists["sessions"], lists["principals"])


class TokenVerifier:
    """Verifies ES256 tokens against public keys that it fetches again when it meets a new one."""

    def __init__(self, source: KeySource, clock: Clock) -> None:
        self._source, self._clock = source, clock
        self._keys: Keys = {}
        self._fetched_at = -REFRESH_PAUSE_S
        self._verified: dict[str, Caller] = {}
        self._revocations = Revocations({}, {})

    async def authenticate(self, token: str) -> Caller:
        """Return the caller. Raises NotAuthenticated, or Unavailable without any key."""
        caller = self._verified.get(token)
        if caller is None:
            caller = await self._verify(token)
            if len(self._verified) >= MOST_CACHED:
                self._verified.clear()
            self._verified[token] = caller
        if caller.expires_at <= self._clock.now_ns() / 1e9:
            self._verified.pop(token, None)
            raise NotAuthenticated("TOKEN_EXPIRED", "the access token has expired")
        if self.revoked(caller):
            raise NotAuthenticated("TOKEN_REVOKED", "the access token was revoked")
        return caller

    def revoked(self, caller: Caller) -> bool:
        """Tell whether the session was revoked, or the principal after the token was issued."""
        since = self._revocations.principals.get(caller.principal)
        return caller.session in self._revocations.sessions or (
            since is not None and caller.issued_at <= since
        )

    def revoke(self, revocations: Revocations) -> None:
        """Take over the list of what was revoked."""
        self._revocations = revocations

    async def _verify(self, token: str) -> Caller:
        try:
            key = await self._key(jwt.get_unverified_header(token).get("kid", ""))
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                # Expiry is checked at each call, by the deck's clock, since tokens are cached; and
                # the clock of the machine that issued one may be ahead of ours.
                options={"require": CLAIMS, "verify_exp": False, "verify_iat": False},
            )
            return _caller(token, claims)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            raise NotAuthenticated("TOKEN_INVALID", "the access token is not valid") from error

    async def _key(self, identifier: str) -> jwt.PyJWK:
        if identifier not in self._keys and self._may_fetch():
            self._fetched_at = self._clock.monotonic()
            self._keys = await self._source()
        return self._keys[identifier]

    def _may_fetch(self) -> bool:
        return not self._keys or self._clock.monotonic() - self._fetched_at > REFRESH_PAUSE_S


def parse_keys(keys: Iterable[pb.JsonWebKey]) -> Keys:
    """Read a key set as GetJwks answers it."""
    members = ("kty", "kid", "use", "alg", "crv", "x", "y")
    return {key.kid: jwt.PyJWK({name: getattr(key, name) for name in members}) for key in keys}


def keys_of_peer(peers: Peers) -> KeySource:
    """Fetch the keys from the auth area, wherever it runs."""

    async def fetch() -> Keys:
        stub = rpc.TokenServiceStub(peers.channel("auth"))
        try:
            return parse_keys((await stub.GetJwks(pb.GetJwksRequest(), timeout=3)).keys)
        except grpc.aio.AioRpcError as error:
            raise Unavailable("the token keys cannot be fetched", dependency="auth") from error

    return fetch


@asynccontextmanager
async def verifier(
    source: KeySource, bus: Bus, clock: Clock, background: Background
) -> AsyncIterator[TokenVerifier]:
    """Open a verifier that follows the revocations on the bus."""
    tokens = TokenVerifier(source, clock)

    async def follow() -> None:
        async with bus.subscribe([REVOCATIONS]) as batches:
            async for batch in batches:
                for message in batch.messages[-1:]:
                    tokens.revoke(Revocations.parse(message.payload))

    task = background.start("revocations", follow)
    try:
        yield tokens
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _caller(token: str, claims: Mapping[str, object]) -> Caller:
    def names(claim: str) -> frozenset[str]:
        values = claims.get(claim, [])
        if not isinstance(values, list):
            raise TypeError(claim)
        return frozenset(str(value) for value in values)

    return Caller(
        principal=str(claims["sub"]),
        permissions=names("perms"),
        accounts=names("accounts"),
        strategies=names("strategies"),
        session=str(claims["sid"]),
        token=token,
        issued_at=float(str(claims["iat"])),
        expires_at=float(str(claims["exp"])),
    )
