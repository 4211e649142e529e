"""Asks the parts whether they are ready: each answers yes or no and never raises."""

import asyncio

import asyncpg
import grpc.aio
import redis.asyncio
from grpc_health.v1 import health_pb2
from redis.exceptions import RedisError

from quarterdeck_server.embedded.part import Probe

PROBE_SECONDS = 2.0
NO_PROXY = (("grpc.enable_http_proxy", 0),)
HTTP_OK = b"HTTP/1.1 200 "


def grpc_serving(host: str, port: int) -> Probe:
    """Ask the standard health service of a gRPC server for the server as a whole."""

    async def probe() -> bool:
        async with grpc.aio.insecure_channel(f"{host}:{port}", options=NO_PROXY) as channel:
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )
            try:
                answer = await check(health_pb2.HealthCheckRequest(), timeout=PROBE_SECONDS)
            except grpc.aio.AioRpcError:
                return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    return probe


def http_ok(host: str, port: int, path: str) -> Probe:
    """Ask an HTTP server for a page that says 200 when all is well."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()

    async def probe() -> bool:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                return (await _first_line(host, port, request)).startswith(HTTP_OK)
        except (OSError, TimeoutError):
            return False

    return probe


async def _first_line(host: str, port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        return await reader.readline()
    finally:
        writer.close()


def postgres_answers(dsn: str) -> Probe:
    """Connect to a database and ask it for a row."""

    async def probe() -> bool:
        try:
            connection = await asyncpg.connect(dsn, timeout=PROBE_SECONDS)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            return False
        try:
            return bool(await connection.fetchval("SELECT true", timeout=PROBE_SECONDS))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            return False
        finally:
            connection.terminate()

    return probe


def redis_answers(url: str) -> Probe:
    """Ping a Redis server; loading its data counts as not ready."""

    async def probe() -> bool:
        client = redis.asyncio.from_url(
            url, socket_timeout=PROBE_SECONDS, socket_connect_timeout=PROBE_SECONDS
        )
        try:
            return bool(await client.ping())
        except (RedisError, OSError, TimeoutError):
            return False
        finally:
            await client.aclose()

    return probe
