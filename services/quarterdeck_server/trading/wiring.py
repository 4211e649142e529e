"""Puts the trading area together, and takes it apart in reverse."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from quarterdeck.api.trading.v1 import (
    aggregate_service_pb2_grpc,
    node_service_pb2_grpc,
    order_life_service_pb2_grpc,
    portfolio_service_pb2_grpc,
    position_change_service_pb2_grpc,
    reconciliation_service_pb2_grpc,
    trading_event_service_pb2_grpc,
)
from quarterdeck_server.runtime.encoded import register
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.runtime.streaming import Streaming
from quarterdeck_server.settings import Settings
from quarterdeck_server.trading.area import Area, opened
from quarterdeck_server.trading.changes import ChangeReader
from quarterdeck_server.trading.peers import HistoryPeer, InstrumentPeer
from quarterdeck_server.trading.ports import Broker, Market
from quarterdeck_server.trading.servicers.aggregate import AggregateServicer
from quarterdeck_server.trading.servicers.change import PositionChangeServicer
from quarterdeck_server.trading.servicers.event import TradingEventServicer
from quarterdeck_server.trading.servicers.life import OrderLifeServicer
from quarterdeck_server.trading.servicers.node import NodeServicer
from quarterdeck_server.trading.servicers.portfolio import PortfolioServicer
from quarterdeck_server.trading.servicers.reconciliation import ReconciliationServicer

PACKAGE = "quarterdeck.api.trading.v1"


@asynccontextmanager
async def open(  # noqa: A001
    settings: Settings, shared: Shared, brokers: Mapping[str, Broker]
) -> AsyncIterator[Sequence[Service]]:
    """Open the trading area: its log, its desk and its nodes; ``brokers`` are those to be asked."""
    market = Market(InstrumentPeer(shared.peers), HistoryPeer(shared.peers))
    async with opened(settings.trading, shared, market) as area:
        yield services(area, shared, brokers)


def services(area: Area, shared: Shared, brokers: Mapping[str, Broker]) -> Sequence[Service]:
    """Return the services of an open area."""
    nodes = NodeServicer(
        area.fleet, area.recorder, area.reconciler, shared.clock, area.restater.borrow
    )
    breaks = ReconciliationServicer(area.reconciler, shared, brokers)
    streaming = Streaming(shared.live)
    events = TradingEventServicer(
        area.recorder, area.importer, shared.postgres, area.log_readers, streaming, shared.clock
    )
    portfolio = PortfolioServicer(area, shared.postgres, shared.compute)
    aggregates = AggregateServicer(shared.postgres, area.desk, area.aggregates.roll)
    add_aggregates = aggregate_service_pb2_grpc.add_AggregateServiceServicer_to_server
    lives = OrderLifeServicer(shared.postgres)
    changes = PositionChangeServicer(ChangeReader(shared.postgres, area.desk))
    add_changes = position_change_service_pb2_grpc.add_PositionChangeServiceServicer_to_server
    add_lives = order_life_service_pb2_grpc.add_OrderLifeServiceServicer_to_server
    add_nodes = node_service_pb2_grpc.add_NodeServiceServicer_to_server
    add_events = trading_event_service_pb2_grpc.add_TradingEventServiceServicer_to_server
    add_portfolio = portfolio_service_pb2_grpc.add_PortfolioServiceServicer_to_server
    add_breaks = reconciliation_service_pb2_grpc.add_ReconciliationServiceServicer_to_server
    return (
        Service(f"{PACKAGE}.ReconciliationService", lambda server: add_breaks(breaks, server)),
        Service(f"{PACKAGE}.PositionChangeService", lambda server: add_changes(changes, server)),
        Service(f"{PACKAGE}.OrderLifeService", lambda server: add_lives(lives, server)),
        Service(f"{PACKAGE}.AggregateService", lambda server: add_aggregates(aggregates, server)),
        Service(f"{PACKAGE}.NodeService", lambda server: add_nodes(nodes, server)),
        Service(
            f"{PACKAGE}.TradingEventService",
            register(add_events, events, frozenset({"WatchTrading"})),
        ),
        Service(
            f"{PACKAGE}.PortfolioService",
            register(add_portfolio, portfolio, frozenset({"WatchPortfolio"})),
        ),
    )
