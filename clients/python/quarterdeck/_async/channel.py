"""Calls: each with a token, a deadline, retries where they are safe, and typed errors."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator

import grpc
import grpc.aio
from google.protobuf.message import Message

from quarterdeck._address import OPTIONS, Address
from quarterdeck._async.reading import AsyncAnswers
from quarterdeck._async.tokens import AsyncTokens
from quarterdeck._method import Method
from quarterdeck._retry import Backoff, wants_new_token, worth_repeating
from quarterdeck._status import error_from
from quarterdeck.api.auth.v1.token_service_pb2 import (
    IssueTokenRequest,
    IssueTokenResponse,
    RefreshTokenRequest,
    RefreshTokenResponse,
    TokenPair,
)
from quarterdeck.credentials import Credential
from quarterdeck.errors import QuarterdeckError

MAX_ATTEMPTS = 6
TOKEN_SERVICE = "/quarterdeck.api.auth.v1.TokenService/"  # noqa: S105 - a path
ISSUE = Method[IssueTokenRequest, IssueTokenResponse](
    TOKEN_SERVICE + "IssueToken", IssueTokenResponse, repeatable=True, public=True
)
# A refresh token works once: sending it twice would end the session.
REFRESH = Method[RefreshTokenRequest, RefreshTokenResponse](
    TOKEN_SERVICE + "RefreshToken", RefreshTokenResponse, repeatable=False, public=True
)


def dial(address: Address) -> grpc.aio.Channel:
    """Open a channel with connections of its own; it connects when first used."""
    if address.tls:
        return grpc.aio.secure_channel(address.target, address.credentials(), OPTIONS)
    return grpc.aio.insecure_channel(address.target, OPTIONS)


class AsyncChannel:
    """One address and one credential."""

    def __init__(self, address: Address, credential: Credential | None, timeout: float) -> None:
        self.address = address
        self.timeout = timeout
        self.tokens = AsyncTokens(credential, self._issue, self._refresh)
        self._channel: grpc.aio.Channel | None = None

    async def unary[Request: Message, Response: Message](
        self, method: Method[Request, Response], request: Request, timeout: float | None = None
    ) -> Response:
        """Call, again if that is safe and may help, within ``timeout`` seconds altogether."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        backoff = Backoff()
        renewed = False
        while True:
            token = "" if method.public else await self.tokens.access_token()
            try:
                return await self._attempt(method, request, token, deadline)
            except grpc.aio.AioRpcError as raised:
                error = error_from(raised)
            if not renewed and not method.public and await self._renewed(token, error):
                renewed = True
                continue
            delay = backoff.next(error.retry_after)
            if not _again(method, error, backoff.attempts, delay, deadline):
                raise error
            await asyncio.sleep(delay)

    async def stream[Request: Message, Response: Message](
        self, method: Method[Request, Response], request: Request, timeout: float | None = None
    ) -> AsyncIterator[Response]:
        """Read a server's stream to its end; ``timeout`` in seconds bounds the whole of it.

        A token the server refuses before the first answer is replaced once; a stream that breaks
        later raises.
        """
        started = renewed = False
        while True:
            token = "" if method.public else await self.tokens.access_token()
            call = self.open(self.connect(), method, request, token, timeout)
            try:
                async for response in call:
                    started = True
                    yield response
            except grpc.aio.AioRpcError as raised:
                error = error_from(raised)
                if started or renewed or not await self._renewed(token, error):
                    raise error from None
                renewed = True
            else:
                return
            finally:
                call.cancel()

    async def upload[Request: Message, Response: Message](
        self,
        method: Method[Request, Response],
        requests: AsyncIterable[Request],
        timeout: float | None = None,
    ) -> Response:
        """Send a stream of requests; it is not sent again, and ``timeout`` bounds the whole."""
        token = "" if method.public else await self.tokens.access_token()
        call: grpc.aio.StreamUnaryMultiCallable[Request, Response] = self.connect().stream_unary(
            method.path, _encoded, method.response.FromString
        )
        try:
            return await call(aiter(requests), timeout=timeout, metadata=_metadata(token))
        except grpc.aio.AioRpcError as raised:
            raise error_from(raised) from None

    def open[Request: Message, Response: Message](
        self,
        channel: grpc.aio.Channel,
        method: Method[Request, Response],
        request: Request,
        token: str,
        timeout: float | None = None,
    ) -> AsyncAnswers[Response]:
        """Start a stream on a channel, with no retries and gRPC's own errors."""
        call: grpc.aio.UnaryStreamMultiCallable[Request, Response] = channel.unary_stream(
            method.path, _encoded, method.response.FromString
        )
        return call(request, timeout=timeout, metadata=_metadata(token))

    async def once[Request: Message, Response: Message](
        self,
        channel: grpc.aio.Channel,
        method: Method[Request, Response],
        request: Request,
        token: str,
        timeout: float,
    ) -> Response:
        """Call once on a channel, with gRPC's own errors."""
        call: grpc.aio.UnaryUnaryMultiCallable[Request, Response] = channel.unary_unary(
            method.path, _encoded, method.response.FromString
        )
        return await call(request, timeout=timeout, metadata=_metadata(token))

    def connect(self) -> grpc.aio.Channel:
        """Open the channel for calls, when first needed."""
        if self._channel is None:
            self._channel = dial(self.address)
        return self._channel

    async def aclose(self) -> None:
        """Close the channel; calls in flight are cancelled."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def _attempt[Request: Message, Response: Message](
        self, method: Method[Request, Response], request: Request, token: str, deadline: float
    ) -> Response:
        remaining = max(0.0, deadline - time.monotonic())
        return await self.once(self.connect(), method, request, token, remaining)

    async def _renewed(self, token: str, error: QuarterdeckError) -> bool:
        """Get another token if this one was why the call was refused."""
        if not (wants_new_token(error) and self.tokens.renewable):
            return False
        await self.tokens.replace(token)
        return True

    async def _issue(self, request: IssueTokenRequest) -> TokenPair:
        return (await self.unary(ISSUE, request)).tokens

    async def _refresh(self, request: RefreshTokenRequest) -> TokenPair:
        return (await self.unary(REFRESH, request)).tokens


def _again(
    method: Method[Message, Message],
    error: QuarterdeckError,
    attempts: int,
    delay: float,
    deadline: float,
) -> bool:
    in_time = attempts < MAX_ATTEMPTS and time.monotonic() + delay < deadline
    return method.repeatable and in_time and worth_repeating(error)


def _encoded(message: Message) -> bytes:
    return message.SerializeToString()


def _metadata(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),) if token else ()
