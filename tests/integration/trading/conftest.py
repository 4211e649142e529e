"""The trading area behind a real gRPC server, on a real database, with a bus in the process."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import grpc
import pytest
from google.type.decimal_pb2 import Decimal as DecimalMessage
from tests.integration.trading.history import History

from quarterdeck.api.marketdata.v1 import instrument_pb2
from quarterdeck.api.marketdata.v1 import instrument_service_pb2 as pb
from quarterdeck.api.marketdata.v1 import instrument_service_pb2_grpc as rpc
from quarterdeck.api.marketdata.v1.history_service_pb2_grpc import (
    add_HistoryServiceServicer_to_server,
)
from quarterdeck.api.trading.v1.aggregate_service_pb2_grpc import AggregateServiceStub
from quarterdeck.api.trading.v1.node_service_pb2_grpc import NodeServiceStub
from quarterdeck.api.trading.v1.order_life_service_pb2_grpc import OrderLifeServiceStub
from quarterdeck.api.trading.v1.portfolio_service_pb2_grpc import PortfolioServiceStub
from quarterdeck.api.trading.v1.position_change_service_pb2_grpc import PositionChangeServiceStub
from quarterdeck.api.trading.v1.reconciliation_service_pb2_grpc import ReconciliationServiceStub
from quarterdeck.api.trading.v1.trading_event_service_pb2_grpc import TradingEventServiceStub
from quarterdeck_server.kernel.errors import InstrumentNotFound
from quarterdeck_server.runtime.audit import audit_log
from quarterdeck_server.runtime.background import background
from quarterdeck_server.runtime.bus import Bus, LocalBus
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.runtime.guard import Gate, Guard
from quarterdeck_server.runtime.jobs import jobs
from quarterdeck_server.runtime.live import LiveStreams
from quarterdeck_server.runtime.peers import Peers
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.runtime.server import build, running
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.settings import Settings, TradingSettings
from quarterdeck_server.trading import wiring
from quarterdeck_server.trading.area import Area, opened
from quarterdeck_server.trading.peers import HistoryPeer, InstrumentPeer
from quarterdeck_server.trading.portfolio import past
from quarterdeck_server.trading.ports import Market

DOUBTFUL_SOON = TradingSettings(doubt_after=timedelta(seconds=0.2))
PERMISSIONS = frozenset({"MARKETDATA_READ", "TRADING_READ", "TRADING_RECORD", "TRADING_CONTROL"})
EQUITY = instrument_pb2.INSTRUMENT_CLASS_EQUITY
CURRENCY_PAIR = instrument_pb2.INSTRUMENT_CLASS_CURRENCY_PAIR


class ScopedToken:
    """Takes every token: "ada" may see everything, "ada@SIM-001" one account alone, and
    "ada@SIM-001/Ema-001" one strategy of it.

    A name that ends with an exclamation mark has the rights of a node.
    """

    async def authenticate(self, token: str) -> Caller:
        name, _, scope = token.partition("@")
        accounts, strategies = (frozenset({part or "*"}) for part in scope.partition("/")[::2])
        rights = PERMISSIONS - ({"TRADING_CONTROL"} if name.endswith("!") else set())
        who = f"principals/{name}"
        return Caller(who, rights, accounts, strategies, "s", token, 0.0, 2.0**40)

    def revoked(self, caller: Caller) -> bool:
        return False


KNOWN = {
    "AAPL.XNAS": ("USD", "", EQUITY),
    "MSFT.XNAS": ("USD", "", EQUITY),
    "SAP.XETR": ("EUR", "", EQUITY),
    "EUR/USD.IDEALPRO": ("USD", "EUR", CURRENCY_PAIR),
    **{f"S{number:04d}.XNAS": ("USD", "", EQUITY) for number in range(1_000)},
}


class Instruments(rpc.InstrumentServiceServicer):
    """The few instruments of these tests, on the wire."""

    async def GetInstrument(self, request, context):
        if request.instrument not in KNOWN:
            raise InstrumentNotFound(request.instrument)
        return pb.GetInstrumentResponse(instrument=self._message(request.instrument))

    async def SearchInstruments(self, request, context):
        found = [self._message(name) for name in KNOWN if request.query in name]
        return pb.SearchInstrumentsResponse(instruments=found)

    async def ListInstruments(self, request, context):
        raise NotImplementedError

    async def UpsertInstrument(self, request, context):
        raise NotImplementedError

    def _message(self, name: str) -> instrument_pb2.Instrument:
        currency, base, kind = KNOWN[name]
        return instrument_pb2.Instrument(
            instrument=name,
            currency=currency,
            base_currency=base,
            instrument_class=kind,
            price_precision=2,
            multiplier=DecimalMessage(value="1"),
        )


def signed(details: grpc.aio.ClientCallDetails, token: str) -> grpc.aio.ClientCallDetails:
    return details._replace(metadata=(("authorization", f"Bearer {token}"),))


@dataclass(frozen=True, slots=True)
class Calls(grpc.aio.UnaryUnaryClientInterceptor):
    """Calls as somebody."""

    token: str

    async def intercept_unary_unary(self, continuation, details, request):
        return await continuation(signed(details, self.token), request)


@dataclass(frozen=True, slots=True)
class Streams(grpc.aio.UnaryStreamClientInterceptor):
    """Reads streams as somebody."""

    token: str

    async def intercept_unary_stream(self, continuation, details, request):
        return await continuation(signed(details, self.token), request)


@dataclass(frozen=True, slots=True)
class Client:
    """The area's services as one principal sees them."""

    nodes: NodeServiceStub
    events: TradingEventServiceStub
    portfolio: PortfolioServiceStub
    breaks: ReconciliationServiceStub
    lives: OrderLifeServiceStub
    changes: PositionChangeServiceStub
    aggregates: AggregateServiceStub


@dataclass(frozen=True, slots=True)
class Deck:
    """A running trading area."""

    area: Area
    shared: Shared
    address: str
    stack: AsyncExitStack

    async def client(self, who: str = "ada") -> Client:
        """Connect as a principal."""
        channel = await self.stack.enter_async_context(
            grpc.aio.insecure_channel(self.address, interceptors=[Calls(who), Streams(who)])
        )
        return Client(
            NodeServiceStub(channel),
            TradingEventServiceStub(channel),
            PortfolioServiceStub(channel),
            ReconciliationServiceStub(channel),
            OrderLifeServiceStub(channel),
            PositionChangeServiceStub(channel),
            AggregateServiceStub(channel),
        )


type Open = Callable[[], AbstractAsyncContextManager[Deck]]


@asynccontextmanager
async def deck_on(
    store: Postgres, bus: Bus, options: TradingSettings = DOUBTFUL_SOON
) -> AsyncIterator[Deck]:
    """Serve the area until the block ends."""
    clock, tokens = SystemClock(), ScopedToken()
    settings = Settings(_env_file=None)
    async with AsyncExitStack() as stack:
        live = LiveStreams(tokens, clock)
        audit = await stack.enter_async_context(
            audit_log(store, work := await stack.enter_async_context(background()))
        )
        server = build(settings.server, Guard(Gate(tokens, audit, live, 2**22, 30.0)))
        peers = Peers({})
        stack.push_async_callback(peers.close)
        peers.here = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        runner = await stack.enter_async_context(jobs(store))
        shared = Shared(store, bus, clock, Compute(), runner, work, peers, tokens, live)
        sources = Market(InstrumentPeer(peers), HistoryPeer(peers))
        area = await stack.enter_async_context(opened(options, shared, sources))
        instruments = Instruments()
        market = Service(
            "quarterdeck.api.marketdata.v1.InstrumentService",
            lambda server: rpc.add_InstrumentServiceServicer_to_server(instruments, server),
        )
        past = Service(
            "quarterdeck.api.marketdata.v1.HistoryService",
            lambda server: add_HistoryServiceServicer_to_server(History(), server),
        )
        services = [*wiring.services(area, shared, {}), market, past]
        await stack.enter_async_context(running(server, services, settings.server, live.drain))
        yield Deck(area, shared, peers.here, stack)


@pytest.fixture(autouse=True)
def _many_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have positions keep what they were so often that also a few fills are replayed from it."""
    monkeypatch.setattr(past, "STEP", 2)


@pytest.fixture
def open_deck(store: Postgres, local_bus: LocalBus) -> Open:
    """Start a deck on this test's database, as often as the test wants."""
    return lambda: deck_on(store, local_bus)


@pytest.fixture
async def deck(open_deck: Open) -> AsyncIterator[Deck]:
    """A running deck."""
    async with open_deck() as opened_deck:
        yield opened_deck


@pytest.fixture
async def ada(deck: Deck) -> Client:
    """Somebody who may do everything."""
    return await deck.client()
