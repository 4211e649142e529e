"""Assembles the service of attribution."""

from zoneinfo import ZoneInfo

from quarterdeck.api.analytics.v1.attribution_service_pb2_grpc import (
    add_AttributionServiceServicer_to_server,
)
from quarterdeck_server.analytics.attributing import Attributor
from quarterdeck_server.analytics.attribution_peers import ChangePeer, InstrumentPeer
from quarterdeck_server.analytics.contributing import Contributor
from quarterdeck_server.analytics.domain.attribution.clock import Clock
from quarterdeck_server.analytics.market import Market
from quarterdeck_server.analytics.measuring import Measurer
from quarterdeck_server.analytics.peers import HistoryPeer, TradingPeer
from quarterdeck_server.analytics.servicers.attribution import AttributionServicer
from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.settings import TradingSettings

NAME = "quarterdeck.api.analytics.v1.AttributionService"


def attribution_service(settings: TradingSettings, shared: Shared, measurer: Measurer) -> Service:
    """Return the service; its days end when trading's do."""
    peers, compute = shared.peers, shared.compute
    clock = Clock(DayRoll(ZoneInfo(settings.day_zone), settings.day_roll))
    market = Market(HistoryPeer(peers), InstrumentPeer(peers))
    changes = ChangePeer(peers)
    attributor = Attributor(changes, TradingPeer(peers), market, clock, compute)
    contributor = Contributor(changes, market, clock, compute)
    servicer = AttributionServicer(measurer, attributor, contributor)
    return Service(NAME, lambda server: add_AttributionServiceServicer_to_server(servicer, server))
