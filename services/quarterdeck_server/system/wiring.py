"""Opens the system area."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from prometheus_client import REGISTRY

from quarterdeck.api.system.v1 import (
    health_service_pb2,
    health_service_pb2_grpc,
    job_service_pb2,
    job_service_pb2_grpc,
    metric_service_pb2,
    metric_service_pb2_grpc,
)
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.runtime.version import product_version
from quarterdeck_server.settings import Settings
from quarterdeck_server.system.checks import bus_check, grpc_check, postgres_check
from quarterdeck_server.system.measuring import RegistrySource, ScrapedSource
from quarterdeck_server.system.memory import proportional_memory
from quarterdeck_server.system.monitor import Monitor, Senses
from quarterdeck_server.system.ports import Check, MetricSource
from quarterdeck_server.system.servicers.health import HealthServicer
from quarterdeck_server.system.servicers.job import JobServicer
from quarterdeck_server.system.servicers.metric import MetricServicer
from quarterdeck_server.system.supervisor import SupervisorFile, nobody

OWN_AREA = "system"
OWN_PROCESS = "services"
"""What the process with this area is called, by the supervisor too."""


@asynccontextmanager
async def open(  # noqa: A001 - every area opens by this word
    settings: Settings, shared: Shared
) -> AsyncIterator[Sequence[Service]]:
    """Start the monitor and offer the services."""
    monitor = Monitor(_senses(settings, shared), shared.compute, shared.clock)
    shared.background.start("system-monitor", monitor.look_forever)
    yield _services(
        HealthServicer(monitor, product_version(), shared.clock),
        JobServicer(shared.jobs),
        MetricServicer(_sources(settings, shared), shared.clock),
    )


def _senses(settings: Settings, shared: Shared) -> Senses:
    file = settings.system.components_file
    return Senses(
        SupervisorFile(file) if file else nobody, _checks(settings, shared), proportional_memory
    )


def _checks(settings: Settings, shared: Shared) -> dict[str, Check]:
    bus = "valkey" if settings.bus_url else "bus"
    servers = {
        name: grpc_check(shared.peers.channel(area)) for name, area in _servers(settings, shared)
    }
    return {"postgres": postgres_check(shared.postgres), bus: bus_check(shared.bus), **servers}


def _servers(settings: Settings, shared: Shared) -> list[tuple[str, str]]:
    """Name the server processes: this one, and the others after the areas they serve."""
    areas = defaultdict(list)
    for area in sorted({*settings.peers, OWN_AREA}):
        areas[shared.peers.address(area)].append(area)
    return [
        (OWN_PROCESS if OWN_AREA in served else "-".join(served), served[0])
        for served in areas.values()
    ]


def _sources(settings: Settings, shared: Shared) -> list[MetricSource]:
    others = settings.system.metrics_addresses.items()
    return [
        RegistrySource(OWN_PROCESS, REGISTRY, shared.compute),
        *(ScrapedSource(name, address, shared.compute) for name, address in others),
    ]


def _services(health: HealthServicer, job: JobServicer, metric: MetricServicer) -> list[Service]:
    return [
        Service(
            health_service_pb2.DESCRIPTOR.services_by_name["HealthService"].full_name,
            lambda server: health_service_pb2_grpc.add_HealthServiceServicer_to_server(
                health, server
            ),
        ),
        Service(
            job_service_pb2.DESCRIPTOR.services_by_name["JobService"].full_name,
            lambda server: job_service_pb2_grpc.add_JobServiceServicer_to_server(job, server),
        ),
        Service(
            metric_service_pb2.DESCRIPTOR.services_by_name["MetricService"].full_name,
            lambda server: metric_service_pb2_grpc.add_MetricServiceServicer_to_server(
                metric, server
            ),
        ),
    ]
