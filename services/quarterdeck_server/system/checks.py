"""Ask the things the deck stands on whether they are well."""

import asyncio
import time
from collections.abc import Mapping

import grpc
from grpc_health.v1 import health, health_pb2

from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.bus import Bus
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.system.domain.component import Finding
from quarterdeck_server.system.ports import Check, CheckFailed

PATIENCE_S = 2.0


def postgres_check(postgres: Postgres) -> Check:
    """Ask the database for a row, once."""

    async def check() -> None:
        try:
            await postgres.execute("SELECT 1")
        except Unavailable as error:
            raise CheckFailed(str(error)) from error

    return check


def bus_check(bus: Bus) -> Check:
    """Ping the bus."""

    async def check() -> None:
        try:
            await bus.ping()
        except Unavailable as error:
            raise CheckFailed(str(error)) from error

    return check


def grpc_check(channel: grpc.aio.Channel) -> Check:
    """Ask the standard health service of a server for the server as a whole."""
    ask = channel.unary_unary(
        f"/{health.SERVICE_NAME}/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )

    async def check() -> None:
        try:
            answer = await ask(health_pb2.HealthCheckRequest(), timeout=PATIENCE_S)
        except grpc.aio.AioRpcError as error:
            raise CheckFailed(f"it does not answer: {error.code().name}") from error
        if answer.status != health_pb2.HealthCheckResponse.SERVING:
            raise CheckFailed("it answers that it is not serving")

    return check


async def find_all(checks: Mapping[str, Check]) -> dict[str, Finding]:
    """Run all checks at once."""
    findings = await asyncio.gather(*(_find(check) for check in checks.values()))
    return dict(zip(checks, findings, strict=True))


async def _find(check: Check) -> Finding:
    started = time.perf_counter()
    failure = ""
    try:
        async with asyncio.timeout(PATIENCE_S):
            await check()
    except CheckFailed as error:
        failure = str(error)
    except TimeoutError:
        failure = f"it did not answer within {PATIENCE_S:g} s"
    return Finding(failure, (time.perf_counter() - started) * 1000)
