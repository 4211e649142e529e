"""A small deck for the SDK to talk to: a real server with servicers that do as the test says."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from quarterdeck.api.auth.v1 import token_service_pb2 as auth
from quarterdeck.api.auth.v1.token_service_pb2_grpc import (
    TokenServiceServicer,
    add_TokenServiceServicer_to_server,
)
from quarterdeck.api.marketdata.v1 import instrument_service_pb2 as instruments
from quarterdeck.api.marketdata.v1.instrument_pb2 import Instrument
from quarterdeck.api.marketdata.v1.instrument_service_pb2_grpc import (
    InstrumentServiceServicer,
    add_InstrumentServiceServicer_to_server,
)
from quarterdeck.api.stream.v1 import stream_service_pb2 as stream
from quarterdeck.api.stream.v1.control_pb2 import Control, Heartbeat, SessionOpened
from quarterdeck.api.stream.v1.event_pb2 import Event
from quarterdeck.api.stream.v1.notice_pb2 import Notice
from quarterdeck.api.stream.v1.stream_service_pb2_grpc import (
    StreamServiceServicer,
    add_StreamServiceServicer_to_server,
)

TOPIC = "notices/deck"
HEARTBEAT_S = 0.2


def jwt(serial: int, lifetime: float) -> str:
    now = time.time()
    claims = json.dumps({"iat": now, "exp": now + lifetime, "jti": serial}).encode()
    return "e30." + base64.urlsafe_b64encode(claims).decode().rstrip("=") + f".{serial}"


def failure(code: int, message: str, reason: str = "", *details: Message, **metadata: str) -> Any:
    info = error_details_pb2.ErrorInfo(reason=reason, domain="quarterdeck", metadata=metadata)
    packed = [any_pb2.Any() for _ in range(1 + len(details))]
    for into, detail in zip(packed, (info, *details), strict=True):
        into.Pack(detail)
    return rpc_status.to_status(status_pb2.Status(code=code, message=message, details=packed))


EXPIRED = failure(code_pb2.UNAUTHENTICATED, "the token has expired", "TOKEN_EXPIRED")


@dataclass
class Auth(TokenServiceServicer):
    lifetime: float = 900.0
    issued: int = 0
    refreshed: int = 0
    valid: set[str] = field(default_factory=set)
    refresh_tokens: set[str] = field(default_factory=set)

    async def IssueToken(self, request: Any, context: Any) -> auth.IssueTokenResponse:
        if request.api_key not in {"key", ""} or request.password.password not in {"secret", ""}:
            refused = failure(code_pb2.UNAUTHENTICATED, "no such key", "CREDENTIALS_INVALID")
            await context.abort_with_status(refused)
        self.issued += 1
        return auth.IssueTokenResponse(tokens=self._pair())

    async def RefreshToken(self, request: Any, context: Any) -> auth.RefreshTokenResponse:
        if request.refresh_token not in self.refresh_tokens:
            revoked = failure(code_pb2.UNAUTHENTICATED, "used before", "TOKEN_REVOKED")
            await context.abort_with_status(revoked)
        self.refreshed += 1
        self.refresh_tokens.discard(request.refresh_token)
        return auth.RefreshTokenResponse(tokens=self._pair())

    def _pair(self) -> auth.TokenPair:
        serial = self.issued + self.refreshed
        token, refresh = jwt(serial, self.lifetime), f"refresh-{serial}"
        self.valid.add(token)
        self.refresh_tokens.add(refresh)
        return auth.TokenPair(access_token=token, refresh_token=refresh)

    async def check(self, context: Any) -> str:
        bearer = dict(context.invocation_metadata()).get("authorization", "")
        token = bearer.removeprefix("Bearer ")
        if token not in self.valid:
            await context.abort_with_status(EXPIRED)
        return token


@dataclass
class Instruments(InstrumentServiceServicer):
    auth: Auth
    calls: int = 0
    failures: list[Any] = field(default_factory=list)
    delay: float = 0.0

    async def GetInstrument(self, request: Any, context: Any) -> instruments.GetInstrumentResponse:
        await self._answering(context)
        found = Instrument(instrument=request.instrument, price_precision=2)
        return instruments.GetInstrumentResponse(instrument=found)

    async def ListInstruments(
        self, request: Any, context: Any
    ) -> instruments.ListInstrumentsResponse:
        page = int(request.page_token or 0)
        names = [Instrument(instrument=f"I{page}.X")]
        token = str(page + 1) if page < 2 else ""
        return instruments.ListInstrumentsResponse(instruments=names, next_page_token=token)

    async def SearchInstruments(self, request: Any, context: Any) -> Any:
        await self._answering(context)
        return instruments.SearchInstrumentsResponse()

    async def UpsertInstrument(self, request: Any, context: Any) -> Any:
        await self._answering(context)
        return instruments.UpsertInstrumentResponse(instrument=request.instrument)

    async def _answering(self, context: Any) -> None:
        self.calls += 1
        await self.auth.check(context)
        await asyncio.sleep(self.delay)
        if self.failures:
            await context.abort_with_status(self.failures.pop(0))


type Script = Callable[[stream.WatchRequest, Any], AsyncIterator[stream.WatchResponse]]


@dataclass
class Streams(StreamServiceServicer):
    """Streams what a log holds, from the reader's cursor on, or what a script yields."""

    auth: Auth
    log: list[Event] = field(default_factory=list)
    scripts: list[Script] = field(default_factory=list)
    requests: list[stream.WatchRequest] = field(default_factory=list)
    updates: list[tuple[str, stream.UpdateSubscriptionRequest]] = field(default_factory=list)
    grew: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self, *texts: str) -> None:
        for text in texts:
            self.log.append(event(len(self.log) + 1, text=text))
        self.grew.set()

    async def Watch(self, request: Any, context: Any) -> AsyncIterator[stream.WatchResponse]:
        await self.auth.check(context)
        self.requests.append(request)
        script = self.scripts.pop(0) if self.scripts else self.follow
        async for answer in script(request, context):
            yield answer

    async def follow(
        self, request: stream.WatchRequest, context: Any
    ) -> AsyncIterator[stream.WatchResponse]:
        cursors = [c for s in request.subscriptions for c in s.cursors]
        place = cursors[0].sequence if cursors else 0
        yield opened(f"session-{len(self.requests)}")
        while True:
            waiting, place = self.log[place:], len(self.log)
            yield answer(*waiting) if waiting else beat()
            self.grew.clear()
            try:
                await asyncio.wait_for(self.grew.wait(), HEARTBEAT_S)
            except TimeoutError:
                yield beat()

    async def Replay(self, request: Any, context: Any) -> AsyncIterator[stream.ReplayResponse]:
        """Play the log; a replay at a speed hangs after its first event."""
        await self.auth.check(context)
        first = opened("")
        yield stream.ReplayResponse(controls=first.controls)
        for one in self.log:
            yield stream.ReplayResponse(events=[one])
            if request.speed:
                await asyncio.Event().wait()

    async def UpdateSubscription(self, request: Any, context: Any) -> Any:
        self.updates.append((await self.auth.check(context), request))
        return stream.UpdateSubscriptionResponse()

    async def GetSnapshot(self, request: Any, context: Any) -> Any:
        raise NotImplementedError

    async def ListTopics(self, request: Any, context: Any) -> Any:
        raise NotImplementedError


@dataclass
class Deck:
    """A server on a port of its own that can be killed and started again."""

    auth: Auth
    instruments: Instruments
    streams: Streams
    port: int = 0
    server: grpc.aio.Server | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        add_TokenServiceServicer_to_server(self.auth, self.server)
        add_InstrumentServiceServicer_to_server(self.instruments, self.server)
        add_StreamServiceServicer_to_server(self.streams, self.server)
        self.port = self.server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self.server.start()

    async def kill(self) -> None:
        if self.server is not None:
            await self.server.stop(None)
            self.server = None


def deck() -> Deck:
    issuer = Auth()
    return Deck(issuer, Instruments(issuer), Streams(issuer))


def event(sequence: int, *, topic: str = TOPIC, epoch: int = 7, text: str = "") -> Event:
    notice = Notice(subject="deck", text=text or str(sequence))
    return Event(topic=topic, epoch=epoch, sequence=sequence, rows=1, notices=notice)


def answer(*events: Event, controls: Iterable[Control] = ()) -> stream.WatchResponse:
    return stream.WatchResponse(events=events, controls=controls)


def opened(session_id: str = "session", heartbeat: float = HEARTBEAT_S) -> stream.WatchResponse:
    message = SessionOpened(session_id=session_id)
    message.heartbeat_interval.FromNanoseconds(int(heartbeat * 1e9))
    return answer(controls=[Control(session_opened=message)])


def beat() -> stream.WatchResponse:
    return answer(controls=[Control(heartbeat=Heartbeat())])
