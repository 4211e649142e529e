"""Assembles the service of reports."""

from zoneinfo import ZoneInfo

from quarterdeck.api.analytics.v1.report_service_pb2_grpc import (
    add_ReportServiceServicer_to_server,
)
from quarterdeck_server.analytics.domain.attribution.clock import Clock
from quarterdeck_server.analytics.fill_peer import FillPeer
from quarterdeck_server.analytics.measuring import Measurer
from quarterdeck_server.analytics.reporting import Reporter
from quarterdeck_server.analytics.reports.about import Making
from quarterdeck_server.analytics.servicers.report import ReportServicer
from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.runtime.version import product_version
from quarterdeck_server.settings import TradingSettings

NAME = "quarterdeck.api.analytics.v1.ReportService"


def report_service(settings: TradingSettings, shared: Shared, measurer: Measurer) -> Service:
    """Return the service; an account's days in reports end when trading's do."""
    roll = DayRoll(ZoneInfo(settings.day_zone), settings.day_roll)

    def making() -> Making:
        return Making(product_version(), shared.clock.now_ns(), roll)

    reporter = Reporter(measurer, FillPeer(shared.peers, Clock(roll)), making)
    servicer = ReportServicer(reporter)
    return Service(NAME, lambda server: add_ReportServiceServicer_to_server(servicer, server))
