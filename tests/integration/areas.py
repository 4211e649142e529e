"""Serves some areas on a real database and a local bus, the way the composition root does."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from quarterdeck_server.runtime.audit import audit_log
from quarterdeck_server.runtime.authenticate import keys_of_peer, verifier
from quarterdeck_server.runtime.background import background
from quarterdeck_server.runtime.bus import Bus
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.runtime.guard import Gate, Guard
from quarterdeck_server.runtime.jobs import jobs
from quarterdeck_server.runtime.live import LiveStreams
from quarterdeck_server.runtime.peers import peers
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.runtime.server import build, running
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.settings import Settings

type Area = Callable[[Settings, Shared], AbstractAsyncContextManager[Sequence[Service]]]


class ShiftedClock(SystemClock):
    """The clock of this machine, moved ahead as far as a test wants."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now_ns(self) -> int:
        return super().now_ns() + int(self.ahead_s * 1e9)


@dataclass(frozen=True, slots=True)
class Deck:
    """A served set of areas."""

    channel: grpc.aio.Channel
    shared: Shared
    clock: ShiftedClock


@asynccontextmanager
async def served(
    areas: Sequence[Area], settings: Settings, store: Postgres, bus: Bus
) -> AsyncIterator[Deck]:
    """Serve the areas until the block ends."""
    clock = ShiftedClock()
    async with AsyncExitStack() as stack:
        compute = Compute()
        work = await stack.enter_async_context(background())
        channels = await stack.enter_async_context(peers(settings.peers))
        tokens = await stack.enter_async_context(verifier(keys_of_peer(channels), bus, clock, work))
        audit = await stack.enter_async_context(audit_log(store, work))
        runner = await stack.enter_async_context(jobs(store))
        live = LiveStreams(tokens, clock)
        work.start("live-streams", live.check)
        gate = Gate(tokens, audit, live, settings.server.max_message_bytes, 30.0)
        shared = Shared(store, bus, clock, compute, runner, work, channels, tokens, live)
        server = build(settings.server, Guard(gate))
        channels.here = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        opened = [await stack.enter_async_context(area(settings, shared)) for area in areas]
        services = [service for area in opened for service in area]
        await stack.enter_async_context(running(server, services, settings.server, live.drain))
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(channels.here))
        yield Deck(channel, shared, clock)


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata that carries an access token."""
    return (("authorization", f"Bearer {token}"),)


def reason(error: grpc.aio.AioRpcError) -> str:
    """Return why a call failed, as the contract names it."""
    return info(error).reason


def info(error: grpc.aio.AioRpcError) -> ErrorInfo:
    """Return the ErrorInfo of a failed call."""
    status = rpc_status.from_call(error)
    assert status is not None
    found = ErrorInfo()
    for detail in status.details:
        if detail.Unpack(found):
            return found
    raise AssertionError(status)
