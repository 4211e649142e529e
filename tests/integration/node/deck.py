"""A small deck for a real node: prices that swing, a log that counts, commands to give."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from tests.instruments import share

from quarterdeck.api.auth.v1 import token_service_pb2 as auth
from quarterdeck.api.auth.v1 import token_service_pb2_grpc as auth_grpc
from quarterdeck.api.marketdata.v1 import history_service_pb2 as history
from quarterdeck.api.marketdata.v1 import history_service_pb2_grpc as history_grpc
from quarterdeck.api.marketdata.v1 import instrument_service_pb2 as instruments
from quarterdeck.api.marketdata.v1 import instrument_service_pb2_grpc as instruments_grpc
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.stream.v1 import stream_service_pb2 as stream
from quarterdeck.api.stream.v1 import stream_service_pb2_grpc as stream_grpc
from quarterdeck.api.stream.v1.control_pb2 import Control, Heartbeat, SessionOpened
from quarterdeck.api.stream.v1.event_pb2 import Event
from quarterdeck.api.trading.v1 import node_service_pb2 as nodes
from quarterdeck.api.trading.v1 import node_service_pb2_grpc as nodes_grpc
from quarterdeck.api.trading.v1 import trading_event_service_pb2 as trading
from quarterdeck.api.trading.v1 import trading_event_service_pb2_grpc as trading_grpc
from quarterdeck.api.trading.v1.node_pb2 import Command, CommandKind, CommandResult, NodeHealth
from quarterdeck.api.trading.v1.order_pb2 import ORDER_SIDE_BUY
from quarterdeck.api.trading.v1.trading_event_pb2 import TradingEvent

INSTRUMENT = "AAPL.XNAS"
TOPIC = f"quotes/{INSTRUMENT}"
MINUTE_NS = 60_000_000_000
BEGIN_NS = 1_072_915_200_000_000_000
QUOTE_INTERVAL_S = 0.02


def quote(number: int) -> Event:
    """One quote every ten minutes of 2004, in a swing of forty quotes."""
    cents = 5000 + round(200 * math.sin(number * math.tau / 40))
    batch = QuoteBatch(
        instrument=INSTRUMENT,
        price_precision=2,
        event_time_ns=[BEGIN_NS + number * 10 * MINUTE_NS],
        bid_price=[cents],
        ask_price=[cents + 2],
        bid_size=[10_000],
        ask_size=[10_000],
    )
    return Event(topic=TOPIC, epoch=1, sequence=number, rows=1, quotes=batch)


@dataclass
class Market(
    instruments_grpc.InstrumentServiceServicer,
    history_grpc.HistoryServiceServicer,
    stream_grpc.StreamServiceServicer,
    auth_grpc.TokenServiceServicer,
):
    number: int = 0

    async def IssueToken(self, request: Any, context: Any) -> auth.IssueTokenResponse:
        pair = auth.TokenPair(access_token="a.b.c", refresh_token="r")
        pair.access_expire_time.FromSeconds(4_000_000_000)
        pair.refresh_expire_time.FromSeconds(4_000_000_000)
        return auth.IssueTokenResponse(tokens=pair)

    async def ListInstruments(
        self, request: Any, context: Any
    ) -> instruments.ListInstrumentsResponse:
        return instruments.ListInstrumentsResponse(instruments=[share(INSTRUMENT)])

    async def ListQuotes(self, request: Any, context: Any) -> history.ListQuotesResponse:
        return history.ListQuotesResponse(quotes=QuoteBatch(instrument=INSTRUMENT))

    async def Watch(self, request: Any, context: Any) -> AsyncIterator[stream.WatchResponse]:
        opened = Control(session_opened=SessionOpened(session_id="s"))
        opened.session_opened.heartbeat_interval.FromSeconds(5)
        yield stream.WatchResponse(controls=[opened])
        while True:
            self.number += 1
            beat = [Control(heartbeat=Heartbeat())] if self.number % 50 == 0 else []
            yield stream.WatchResponse(events=[quote(self.number)], controls=beat)
            await asyncio.sleep(QUOTE_INTERVAL_S)


@dataclass
class Book(nodes_grpc.NodeServiceServicer, trading_grpc.TradingEventServiceServicer):
    """The log, and what is known of the node."""

    events: dict[str, TradingEvent] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    registrations: list[nodes.RegisterNodeRequest] = field(default_factory=list)
    held_at_registration: list[dict[tuple[str, str], float]] = field(default_factory=list)
    health: NodeHealth = field(default_factory=NodeHealth)
    results: list[CommandResult] = field(default_factory=list)
    stopped: bool = False
    away: bool = False
    commands: asyncio.Queue[Command] = field(default_factory=asyncio.Queue)

    async def RecordEvents(self, request: Any, context: Any) -> trading.RecordEventsResponse:
        if self.away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the database is away")
        for event in request.events:
            known = self.events.get(event.event_id)
            if known is not None and known != event:
                self.changed.append(event.event_id)
            self.events[event.event_id] = event
        return trading.RecordEventsResponse(recorded_count=len(request.events))

    async def RegisterNode(self, request: Any, context: Any) -> nodes.RegisterNodeResponse:
        self.registrations.append(request)
        self.held_at_registration.append(self.held())
        return nodes.RegisterNodeResponse()

    async def ReportNode(self, request: Any, context: Any) -> nodes.ReportNodeResponse:
        self.health, self.stopped = request.health, request.stopping
        self.results += request.command_results
        return nodes.ReportNodeResponse()

    async def WatchCommands(
        self, request: Any, context: Any
    ) -> AsyncIterator[nodes.WatchCommandsResponse]:
        while True:
            yield nodes.WatchCommandsResponse(commands=[await self.commands.get()])

    def tell(self, kind: CommandKind.ValueType, strategy: str = "") -> str:
        """Give the node a command, and return its name."""
        name = f"nodes/test/commands/{kind}-{strategy}"
        self.commands.put_nowait(Command(name=name, kind=kind, strategy=strategy))
        return name

    @property
    def fills(self) -> list[TradingEvent]:
        return [event for event in self.events.values() if event.HasField("fill")]

    def told_twice(self) -> list[tuple[str, str]]:
        """Return the trades that came under two identifiers."""
        trades = Counter((e.fill.client_order_id, e.fill.trade_id) for e in self.fills)
        return [trade for trade, count in trades.items() if count > 1]

    def held(self) -> dict[tuple[str, str], float]:
        """Return what the fills add up to, where it is not nothing."""
        sums: Counter[tuple[str, str]] = Counter()
        for event in self.fills:
            sign = 1 if event.fill.side == ORDER_SIDE_BUY else -1
            key = (event.strategy, event.fill.instrument)
            sums[key] += sign * int(event.fill.quantity.value)
        return {key: total for key, total in sums.items() if total}


@dataclass
class TestDeck:
    __test__ = False
    market: Market = field(default_factory=Market)
    book: Book = field(default_factory=Book)
    address: str = ""

    async def start(self) -> grpc.aio.Server:
        """Serve on a free port."""
        server = grpc.aio.server()
        auth_grpc.add_TokenServiceServicer_to_server(self.market, server)
        instruments_grpc.add_InstrumentServiceServicer_to_server(self.market, server)
        history_grpc.add_HistoryServiceServicer_to_server(self.market, server)
        stream_grpc.add_StreamServiceServicer_to_server(self.market, server)
        nodes_grpc.add_NodeServiceServicer_to_server(self.book, server)
        trading_grpc.add_TradingEventServiceServicer_to_server(self.book, server)
        self.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        await server.start()
        return server
