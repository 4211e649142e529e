"""The guard before handlers: how calls end, and what is not served at all."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2 as pb
from grpc_health.v1 import health_pb2_grpc as rpc
from tests.integration.areas import bearer, info
from tests.integration.runtime.test_live import Tokens

from quarterdeck_server.runtime.audit import AuditLog
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.runtime.guard import Gate, Guard
from quarterdeck_server.runtime.live import LiveStreams
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.runtime.server import build
from quarterdeck_server.settings import ServerSettings

FOREIGN = "not.in.the.Contract"
REQUEST = pb.HealthCheckRequest()


@dataclass
class Hanging(rpc.HealthServicer):
    """Answers nothing, until it is told that nobody waits for it."""

    began: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def Check(self, request: Any, context: Any) -> None:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()

    async def Watch(self, request: Any, context: Any) -> AsyncIterator[Any]:
        yield await self.Check(request, context)


def foreign() -> grpc.GenericRpcHandler:
    """Return handlers of which the contract says nothing."""

    async def answer(request: bytes, context: Any) -> bytes:
        return request

    methods = {"Call": grpc.unary_unary_rpc_method_handler(answer)}
    return grpc.method_handlers_generic_handler(FOREIGN, methods)


@pytest.fixture
async def hanging() -> Hanging:
    return Hanging()


@pytest.fixture
async def channel(store: Postgres, hanging: Hanging) -> AsyncIterator[grpc.aio.Channel]:
    tokens = Tokens()
    gate = Gate(tokens, AuditLog(store), LiveStreams(tokens, SystemClock()), 1 << 20, 0.2)
    server = build(ServerSettings(), Guard(gate))
    rpc.add_HealthServicer_to_server(hanging, server)
    server.add_generic_rpc_handlers((foreign(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with asyncio.timeout(10), grpc.aio.insecure_channel(f"127.0.0.1:{port}") as opened:
        yield opened
    await server.stop(0)


@pytest.mark.parametrize("name", ["Check", "Watch"])
async def test_a_client_that_gives_up_ends_the_handler(channel, hanging, name: str) -> None:
    call = getattr(rpc.HealthStub(channel), name)(REQUEST, timeout=60)
    reading = asyncio.ensure_future(call if name == "Check" else call.read())
    await hanging.began.wait()
    call.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await hanging.left.wait()


async def test_the_deadline_of_a_client_ends_the_handler(channel, hanging) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await rpc.HealthStub(channel).Check(REQUEST, timeout=0.1)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await hanging.left.wait()


async def test_a_call_without_a_deadline_has_that_of_the_server(channel, hanging) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="the call took too long"):
        await rpc.HealthStub(channel).Check(REQUEST)
    assert hanging.left.is_set()


@pytest.mark.parametrize("path", ["/grpc.health.v1.Health/None", f"/{FOREIGN}/None", "/", "/a/b/c"])
async def test_what_nobody_serves_is_not_implemented(channel, path: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary(path)(b"", metadata=bearer("t"))
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("metadata", "reason"), [((), "TOKEN_MISSING"), (bearer("t"), "PERMISSION_MISSING")]
)
async def test_what_the_contract_does_not_name_is_refused(channel, metadata, reason: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary(f"/{FOREIGN}/Call")(b"", metadata=metadata)
    assert info(caught.value).reason == reason
