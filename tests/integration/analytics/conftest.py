"""Analytics with the areas it asks, on one server and a real database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc
import pytest
from tests.integration.trading.conftest import Calls, Streams

from quarterdeck.api.analytics.v1.attribution_service_pb2_grpc import AttributionServiceStub
from quarterdeck.api.analytics.v1.execution_service_pb2_grpc import ExecutionServiceStub
from quarterdeck.api.analytics.v1.performance_service_pb2_grpc import PerformanceServiceStub
from quarterdeck.api.analytics.v1.report_service_pb2_grpc import ReportServiceStub
from quarterdeck.api.marketdata.v1.history_service_pb2_grpc import HistoryServiceStub
from quarterdeck.api.marketdata.v1.ingest_service_pb2_grpc import IngestServiceStub
from quarterdeck.api.marketdata.v1.instrument_service_pb2_grpc import InstrumentServiceStub
from quarterdeck.api.trading.v1.node_service_pb2_grpc import NodeServiceStub
from quarterdeck.api.trading.v1.trading_event_service_pb2_grpc import TradingEventServiceStub
from quarterdeck_server.analytics import wiring as analytics
from quarterdeck_server.marketdata import wiring as marketdata
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
from quarterdeck_server.settings import Settings
from quarterdeck_server.trading import wiring as trading

TRADER = frozenset({"TRADING_READ", "TRADING_RECORD"})
ALL = TRADER | {"MARKETDATA_READ", "MARKETDATA_PUBLISH", "MARKETDATA_MANAGE"}


class Tokens:
    """Takes every token: "ada" may do everything, "tom" sees no market data, "bob" one account.

    "eve" sees one strategy.
    """

    async def authenticate(self, token: str) -> Caller:
        accounts = frozenset({"SIM-002" if token == "bob" else "*"})
        permissions = TRADER if token == "tom" else ALL
        strategies = frozenset({"Short-001" if token == "eve" else "*"})
        who = f"principals/{token}"
        return Caller(who, permissions, accounts, strategies, "s", token, 0.0, 2.0**40)

    def revoked(self, caller: Caller) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Client:
    """The services as one principal sees them."""

    performance: PerformanceServiceStub
    instruments: InstrumentServiceStub
    ingest: IngestServiceStub
    nodes: NodeServiceStub
    events: TradingEventServiceStub
    attribution: AttributionServiceStub
    execution: ExecutionServiceStub
    history: HistoryServiceStub
    reports: ReportServiceStub


@dataclass(frozen=True, slots=True)
class Deck:
    """A running deck."""

    postgres: Postgres
    address: str
    stack: AsyncExitStack
    live: LiveStreams

    async def client(self, who: str = "ada") -> Client:
        """Connect as a principal."""
        made = grpc.aio.insecure_channel(self.address, interceptors=[Calls(who), Streams(who)])
        channel = await self.stack.enter_async_context(made)
        return Client(
            PerformanceServiceStub(channel),
            InstrumentServiceStub(channel),
            IngestServiceStub(channel),
            NodeServiceStub(channel),
            TradingEventServiceStub(channel),
            AttributionServiceStub(channel),
            ExecutionServiceStub(channel),
            HistoryServiceStub(channel),
            ReportServiceStub(channel),
        )


@asynccontextmanager
async def deck_on(store: Postgres, bus: LocalBus) -> AsyncIterator[Deck]:
    """Serve the three areas as one process until the block ends."""
    settings, clock, tokens = Settings(_env_file=None), SystemClock(), Tokens()
    async with AsyncExitStack() as stack:
        work = await stack.enter_async_context(background())
        audit = await stack.enter_async_context(audit_log(store, work))
        live = LiveStreams(tokens, clock)
        server = build(settings.server, Guard(Gate(tokens, audit, live, 2**24, 30.0)))
        peers = Peers({})
        stack.push_async_callback(peers.close)
        peers.here = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        runner = await stack.enter_async_context(jobs(store))
        shared = Shared(store, bus, clock, Compute(), runner, work, peers, tokens, live)
        opened = [
            *await stack.enter_async_context(marketdata.open(settings, shared, [])),
            *await stack.enter_async_context(trading.open(settings, shared, {})),
            *await stack.enter_async_context(analytics.open(settings, shared)),
        ]
        await stack.enter_async_context(running(server, opened, settings.server, live.drain))
        yield Deck(store, peers.here, stack, live)


@pytest.fixture
async def deck(store: Postgres, local_bus: LocalBus) -> AsyncIterator[Deck]:
    """The three areas, as one process serves them."""
    async with deck_on(store, local_bus) as opened:
        yield opened
