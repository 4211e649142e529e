"""The stream area behind a real gRPC server, with tokens that say what they may."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import grpc

from quarterdeck.api.stream.v1.connection_service_pb2_grpc import ConnectionServiceStub
from quarterdeck.api.stream.v1.notice_pb2 import Notice
from quarterdeck.api.stream.v1.stream_service_pb2_grpc import StreamServiceStub
from quarterdeck.api.trading.v1 import trading_event_service_pb2 as trading_pb
from quarterdeck.api.trading.v1.fill_pb2 import Fill
from quarterdeck.api.trading.v1.trading_event_pb2 import TopicRecord
from quarterdeck.api.trading.v1.trading_event_service_pb2_grpc import (
    TradingEventServiceServicer,
    add_TradingEventServiceServicer_to_server,
)
from quarterdeck_server.kernel.errors import NotAuthenticated
from quarterdeck_server.runtime.background import background
from quarterdeck_server.runtime.bus import Bus, Message
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.runtime.guard import Gate, Guard
from quarterdeck_server.runtime.live import LiveStreams
from quarterdeck_server.runtime.peers import peers
from quarterdeck_server.runtime.server import build, running
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.settings import Settings
from quarterdeck_server.stream import wiring

EVERY = frozenset({"*"})
RIGHTS = frozenset({"MARKETDATA_READ", "TRADING_READ", "STREAM_MANAGE", "SYSTEM_READ"})


class Tokens:
    """Takes tokens of the form name[@account][!lifetime_s]; "eve" may read market data only."""

    def __init__(self) -> None:
        self.revocations: set[str] = set()

    async def authenticate(self, token: str) -> Caller:
        text, _, lifetime = token.partition("!")
        name, _, account = text.partition("@")
        if not name:
            raise NotAuthenticated("TOKEN_INVALID", "the access token is not valid")
        rights = frozenset({"MARKETDATA_READ"}) if name == "eve" else RIGHTS
        accounts = frozenset({account}) if account else EVERY
        expires = time.time() + float(lifetime or 3600)
        return Caller(f"principals/{name}", rights, accounts, EVERY, "s", token, 0.0, expires)

    def revoked(self, caller: Caller) -> bool:
        return caller.principal in self.revocations


class ForgetfulAudit:
    """Keeps nothing: auditing is tested elsewhere."""

    async def add(self, entry: object) -> None:
        pass

    def count(self, *what: str) -> None:
        pass


class Fills(TradingEventServiceServicer):
    """The records of fills that tests write."""

    def __init__(self) -> None:
        self.records: dict[str, list[Fill]] = {}
        self.epoch = 5
        self.is_away = False

    def message(self, topic: str, trade: str) -> Message:
        """Store a fill and return what goes over the bus."""
        fill = Fill(trade_id=trade)
        self.records.setdefault(topic, []).append(fill)
        sequence = len(self.records[topic])
        return Message(topic, self.epoch, sequence, 1, time.time_ns(), fill.SerializeToString())

    async def ListTopicRecords(self, request, context):
        if self.is_away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        rows = self.records.get(request.topic, [])
        found = [
            TopicRecord(topic=request.topic, epoch=self.epoch, sequence=place, fill=fill)
            for place, fill in enumerate(rows, start=1)
            if place > request.after_sequence
        ]
        return trading_pb.ListTopicRecordsResponse(
            records=found[: request.page_size], epoch=self.epoch, last_sequence=len(rows)
        )


@dataclass
class Served:
    """A served stream area and what surrounds it."""

    address: str
    bus: Bus
    tokens: Tokens
    fills: Fills
    live: LiveStreams
    channels: list[grpc.aio.Channel] = field(default_factory=list)

    def stub(self, *options: tuple[str, int]) -> Any:
        return StreamServiceStub(self._channel(*options))

    def connections(self) -> Any:
        return ConnectionServiceStub(self._channel())

    def _channel(self, *options: tuple[str, int]) -> grpc.aio.Channel:
        own = ("grpc.use_local_subchannel_pool", 1)
        channel = grpc.aio.insecure_channel(self.address, options=[own, *options])
        self.channels.append(channel)
        return channel


@asynccontextmanager
async def served(
    bus: Bus, settings: Settings, *, fills: Fills | None = None, listen: str = "127.0.0.1:0"
) -> AsyncIterator[Served]:
    """Serve the area until the block ends."""
    clock, tokens, fills = SystemClock(), Tokens(), fills or Fills()
    async with AsyncExitStack() as stack:
        work = await stack.enter_async_context(background())
        channels = await stack.enter_async_context(peers(settings.peers))
        live = LiveStreams(tokens, clock)
        gate = Gate(tokens, cast("Any", ForgetfulAudit()), live, 1 << 22, 30.0)
        nothing = cast("Any", None)
        shared = Shared(nothing, bus, clock, Compute(), nothing, work, channels, tokens, live)
        server = build(settings.server, Guard(gate))
        channels.here = f"127.0.0.1:{server.add_insecure_port(listen)}"
        services = await stack.enter_async_context(wiring.open(settings, shared))
        log = Service(
            "quarterdeck.api.trading.v1.TradingEventService",
            lambda target: add_TradingEventServiceServicer_to_server(fills, target),
        )
        every = [*services, log]
        await stack.enter_async_context(running(server, every, settings.server, live.drain))
        deck = Served(channels.here, bus, tokens, fills, live)
        try:
            yield deck
        finally:
            for channel in deck.channels:
                await channel.close()


def notice(topic: str, sequence: int, *, epoch: int = 1, size: int = 0, rows: int = 1) -> Message:
    """Return a message whose payload every kind can carry: one unknown field."""
    payload = Notice(text="x" * size).SerializeToString() if size else b""
    return Message(topic, epoch, sequence, rows, time.time_ns(), payload)


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)
