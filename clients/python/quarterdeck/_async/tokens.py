"""Access tokens: issued when first needed, renewed before they expire, by one caller at a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from quarterdeck.api.auth.v1.token_service_pb2 import (
    IssueTokenRequest,
    RefreshTokenRequest,
    TokenPair,
)
from quarterdeck.credentials import Credential, Token, lifetime
from quarterdeck.errors import Cause, NotAuthenticated, Unavailable

RENEWAL_SHARE = 0.2
"""The part of a token's lifetime that is left when it is renewed."""
RENEWAL_MARGIN = 15.0
"""At least so many seconds are left then, unless that is more than half of the lifetime."""

type Issue = Callable[[IssueTokenRequest], Awaitable[TokenPair]]
type Refresh = Callable[[RefreshTokenRequest], Awaitable[TokenPair]]


class AsyncTokens:
    """Keeps the access token of a client fresh."""

    def __init__(self, credential: Credential | None, issue: Issue, refresh: Refresh) -> None:
        self._credential = credential
        self._issue = issue
        self._refresh = refresh
        self._lock = asyncio.Lock()
        self._access = credential.secret if isinstance(credential, Token) else ""
        self._refresh_token = ""
        self._renew_at = self._expires_at = float("inf") if self._access else 0.0

    @property
    def renewable(self) -> bool:
        """Whether another token can be had."""
        return self._credential is not None and not isinstance(self._credential, Token)

    async def access_token(self) -> str:
        """Get a token that holds for a while, from the server if need be.

        Fails with NotAuthenticated if no credential was given or it is refused.
        """
        if time.monotonic() < self._renew_at:
            return self._access
        try:
            return await self.replace(self._access)
        except Unavailable:
            if time.monotonic() < self._expires_at:
                return self._access
            raise

    async def replace(self, refused: str) -> str:
        """Get another token than the one refused or about to expire."""
        async with self._lock:
            if self._access == refused:
                await self._renew()
            return self._access

    async def _renew(self) -> None:
        pair = await self._refreshed() or await self._issued()
        now = time.time()
        remaining = lifetime(pair, now)
        margin = min(remaining / 2, max(remaining * RENEWAL_SHARE, RENEWAL_MARGIN))
        self._access, self._refresh_token = pair.access_token, pair.refresh_token
        self._expires_at = time.monotonic() + remaining
        self._renew_at = self._expires_at - margin

    async def _refreshed(self) -> TokenPair | None:
        """Use the refresh token; never twice, since the server takes that for theft."""
        token, self._refresh_token = self._refresh_token, ""
        if not token:
            return None
        try:
            return await self._refresh(RefreshTokenRequest(refresh_token=token))
        except (NotAuthenticated, Unavailable):
            return None

    async def _issued(self) -> TokenPair:
        if self._credential is None or isinstance(self._credential, Token):
            message = "the token does not hold, and no api_key or password was given to get another"
            raise NotAuthenticated(message, Cause("TOKEN_MISSING"))
        return await self._issue(self._credential.request())
