"""How a program proves who it is."""

import base64
import binascii
import json
from dataclasses import dataclass, field

from quarterdeck.api.auth.v1.token_service_pb2 import (
    IssueTokenRequest,
    PasswordCredential,
    TokenPair,
)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key, as ``ApiKeyService.CreateApiKey`` returned it."""

    secret: str = field(repr=False)

    def request(self) -> IssueTokenRequest:
        """Ask for tokens."""
        return IssueTokenRequest(api_key=self.secret)


@dataclass(frozen=True, slots=True)
class Password:
    """A person's identifier and password."""

    principal_id: str
    password: str = field(repr=False)

    def request(self) -> IssueTokenRequest:
        """Ask for tokens."""
        credential = PasswordCredential(principal_id=self.principal_id, password=self.password)
        return IssueTokenRequest(password=credential)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token that somebody else obtained; it cannot be renewed."""

    secret: str = field(repr=False)


type Credential = ApiKey | Password | Token


def choose(
    api_key: str | None, password: tuple[str, str] | None, token: str | None
) -> Credential | None:
    """Take the one credential that was given; without any only public rpcs can be called."""
    given: list[Credential] = []
    if api_key is not None:
        given.append(ApiKey(api_key))
    if password is not None:
        given.append(Password(*password))
    if token is not None:
        given.append(Token(token))
    if len(given) > 1:
        message = "only one of api_key, password and token can be given"
        raise ValueError(message)
    return given[0] if given else None


def lifetime(pair: TokenPair, now: float) -> float:
    """Tell for how many seconds an access token that was issued just now holds.

    By the token's own two times, so that a clock of this machine that is wrong does no harm; by
    the clock if the token is not one that can be read.
    """
    try:
        body = pair.access_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return float(claims["exp"]) - float(claims["iat"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return pair.access_expire_time.ToNanoseconds() / 1e9 - now
