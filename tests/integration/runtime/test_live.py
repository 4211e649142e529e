"""Streams end in words, whatever their readers do."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from tests.integration.areas import bearer, info

from quarterdeck.api.system.v1 import health_service_pb2 as pb
from quarterdeck.api.system.v1 import health_service_pb2_grpc as rpc
from quarterdeck_server.runtime.audit import AuditLog
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.runtime.guard import Gate, Guard
from quarterdeck_server.runtime.live import LiveStreams
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.runtime.server import build
from quarterdeck_server.settings import ServerSettings

EVERY = frozenset({"*"})
SOON_S = 0.1


class Tokens:
    """Takes every token until it is revoked."""

    is_revoked = False

    async def authenticate(self, token: str) -> Caller:
        return Caller("principals/a", frozenset({"SYSTEM_READ"}), EVERY, EVERY, "s", token, 0, 2e10)

    def revoked(self, caller: Caller) -> bool:
        return self.is_revoked


class Talker(rpc.HealthServiceServicer):
    """Says more than a reader that does not read can be sent."""

    async def WatchSystemHealth(
        self, request: pb.WatchSystemHealthRequest, context: Any
    ) -> AsyncIterator[pb.WatchSystemHealthResponse]:
        while True:
            answer = pb.WatchSystemHealthResponse()
            answer.components.add(name="x" * 200_000)
            yield answer


async def drained(call: Any) -> None:
    while await call.read() is not grpc.aio.EOF:
        pass


async def test_a_reader_that_stalls_still_learns_why_its_stream_ended(
    store: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck_server.runtime.live.CHECK_PAUSE_S", SOON_S)
    tokens, clock = Tokens(), SystemClock()
    live = LiveStreams(tokens, clock)
    server = build(ServerSettings(), Guard(Gate(tokens, AuditLog(store), live, 1 << 20, 5.0)))
    rpc.add_HealthServiceServicer_to_server(Talker(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    checking = asyncio.create_task(live.check())
    async with asyncio.timeout(15), grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = rpc.HealthServiceStub(channel)
        call = stub.WatchSystemHealth(pb.WatchSystemHealthRequest(), metadata=bearer("t"))
        await call.read()
        await asyncio.sleep(0.5)
        tokens.is_revoked = True
        await asyncio.sleep(3 * SOON_S)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await drained(call)
    assert info(caught.value).reason == "TOKEN_REVOKED"
    checking.cancel()
    await server.stop(0)
