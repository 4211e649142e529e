"""The market data area behind a real gRPC server, on a real database."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc
import pytest

from quarterdeck.api.marketdata.v1.filing_service_pb2_grpc import FilingServiceStub
from quarterdeck.api.marketdata.v1.history_service_pb2_grpc import HistoryServiceStub
from quarterdeck.api.marketdata.v1.ingest_service_pb2_grpc import IngestServiceStub
from quarterdeck.api.marketdata.v1.instrument_service_pb2_grpc import InstrumentServiceStub
from quarterdeck.api.marketdata.v1.observation_service_pb2_grpc import ObservationServiceStub
from quarterdeck.api.marketdata.v1.source_service_pb2_grpc import SourceServiceStub
from quarterdeck_server.marketdata import wiring
from quarterdeck_server.marketdata.source_ports import Source
from quarterdeck_server.runtime.audit import audit_log
from quarterdeck_server.runtime.background import background
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.runtime.guard import Gate, Guard
from quarterdeck_server.runtime.jobs import jobs
from quarterdeck_server.runtime.live import LiveStreams
from quarterdeck_server.runtime.peers import Peers
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.runtime.server import build, running
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.settings import MarketDataSettings, Settings

PERMISSIONS = frozenset({"MARKETDATA_READ", "MARKETDATA_PUBLISH", "MARKETDATA_MANAGE"})


class AnyToken:
    """Takes every token for the principal it names."""

    async def authenticate(self, token: str) -> Caller:
        name = f"principals/{token}"
        every = frozenset({"*"})
        return Caller(name, PERMISSIONS, every, every, "s", token, 0.0, 2.0**40)

    def revoked(self, caller: Caller) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Deck:
    """The area's services as a client sees them, and the bus it publishes on."""

    instruments: InstrumentServiceStub
    ingest: IngestServiceStub
    history: HistoryServiceStub
    sources: SourceServiceStub
    observations: ObservationServiceStub
    filings: FilingServiceStub
    bus: LocalBus
    shared: Shared


class Bearer(grpc.aio.UnaryUnaryClientInterceptor):
    """Calls as ada."""

    async def intercept_unary_unary(self, continuation, details, request):
        details.metadata.add("authorization", "Bearer ada")
        return await continuation(details, request)


type Open = Callable[..., AbstractAsyncContextManager[Deck]]


@asynccontextmanager
async def open_deck(
    store: Postgres, bus: LocalBus, sources: Sequence[Source] = (), **options: object
) -> AsyncIterator[Deck]:
    settings = Settings(marketdata=MarketDataSettings(**options))
    async with AsyncExitStack() as stack:
        clock, tokens = SystemClock(), AnyToken()
        work = await stack.enter_async_context(background())
        audit = await stack.enter_async_context(audit_log(store, work))
        runner = await stack.enter_async_context(jobs(store))
        live = LiveStreams(tokens, clock)
        shared = Shared(store, bus, clock, Compute(), runner, work, Peers({}), tokens, live)
        server = build(settings.server, Guard(Gate(tokens, audit, live, 4 << 20, 30.0)))
        port = server.add_insecure_port("127.0.0.1:0")
        services = await stack.enter_async_context(wiring.open(settings, shared, sources))
        await stack.enter_async_context(running(server, services, settings.server, live.drain))
        address = f"127.0.0.1:{port}"
        channel = grpc.aio.insecure_channel(
            address, interceptors=[Bearer()], options=[("grpc.use_local_subchannel_pool", 1)]
        )
        await stack.enter_async_context(channel)
        stubs = (
            InstrumentServiceStub,
            IngestServiceStub,
            HistoryServiceStub,
            SourceServiceStub,
            ObservationServiceStub,
            FilingServiceStub,
        )
        yield Deck(*(stub(channel) for stub in stubs), bus, shared)


@pytest.fixture
def open_area(store: Postgres, local_bus: LocalBus) -> Open:
    """Open the area on this test's database; opening again is a restart."""

    def opened(*sources: Source, **options: object) -> AbstractAsyncContextManager[Deck]:
        return open_deck(store, local_bus, sources, **options)

    return opened


@pytest.fixture
async def deck(open_area: Open) -> AsyncIterator[Deck]:
    """The area without sources."""
    async with open_area() as opened:
        yield opened
