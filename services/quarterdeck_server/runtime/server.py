"""One gRPC server for any set of services: one of them, or all of them."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from quarterdeck_server.runtime.guard import Guard, Handler
from quarterdeck_server.runtime.handlers import Handlers
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.settings import ServerSettings

log = structlog.get_logger()

# grpc refuses what is larger before any code of ours runs, so it says less about it; up to this
# many times the documented limit the refusal is ours, with details.
HARD_LIMIT_FACTOR = 8
MOST_CALLS = 100_000


class GuardedServer(grpc.aio.Server):
    """A server of grpc, all of whose handlers are guarded."""

    def __init__(self, handlers: Handlers, options: Sequence[tuple[str, int]]) -> None:
        self._handlers = handlers
        self._server = grpc.aio.server(options=options)
        self._server.add_generic_rpc_handlers((handlers,))

    def add_generic_rpc_handlers(
        self, generic_rpc_handlers: Iterable[grpc.GenericRpcHandler]
    ) -> None:
        """Serve the rpcs of some handlers."""
        self._handlers.add(generic_rpc_handlers)

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, Handler]
    ) -> None:
        """Do nothing: the same came as generic handlers.

        For each registered method grpc.aio keeps a task that waits for its next call, and it goes
        over all these tasks at every call: with 70 rpcs that takes 0.2 ms.
        """

    def add_insecure_port(self, address: str) -> int:
        """Listen on an address; return the port. Raises RuntimeError."""
        return self._server.add_insecure_port(address)

    def add_secure_port(self, address: str, server_credentials: grpc.ServerCredentials) -> int:
        """Listen on an address with TLS; return the port. Raises RuntimeError."""
        return self._server.add_secure_port(address, server_credentials)

    async def start(self) -> None:
        """Answer calls from now on."""
        await self._server.start()

    async def stop(self, grace: float | None) -> None:
        """Take no more calls, and wait so many seconds for those in flight."""
        await self._server.stop(grace)

    async def wait_for_termination(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109
        """Wait until it stopped; tell whether it did."""
        return await self._server.wait_for_termination(timeout)


def build(settings: ServerSettings, guard: Guard) -> grpc.aio.Server:
    """Make the server; services are added to it, then it is started."""
    return GuardedServer(Handlers(guard), _options(settings))


def _options(settings: ServerSettings) -> list[tuple[str, int]]:
    hard = settings.max_message_bytes * HARD_LIMIT_FACTOR
    return [
        ("grpc.max_receive_message_length", hard),
        ("grpc.max_send_message_length", 64 * 1024 * 1024),
        ("grpc.max_concurrent_streams", MOST_CALLS),
        # grpc's default refuses calls at random when 1,000 come at once, as they do when the
        # readers of a worker that died come to another. Our own limits say whom and why.
        ("grpc.server.max_pending_requests", MOST_CALLS),
        ("grpc.server.max_pending_requests_hard_limit", MOST_CALLS),
        ("grpc.so_reuseport", 0),
        # The edge pings every 10 s; grpc's default would answer with GOAWAY.
        ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
        ("grpc.keepalive_permit_without_calls", 1),
        # A reader that vanished without a word is noticed within 20 s.
        ("grpc.keepalive_time_ms", 15_000),
        ("grpc.keepalive_timeout_ms", 5_000),
    ]


@asynccontextmanager
async def running(
    server: grpc.aio.Server,
    services: Sequence[Service],
    settings: ServerSettings,
    drain: Callable[[], None],
) -> AsyncIterator[None]:
    """Serve until the block ends, then end the streams and let calls in flight finish."""
    checks = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    for service in services:
        service.register(server)
    names = [service.name for service in services]
    reflection.enable_server_reflection(
        [*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server
    )
    await server.start()
    for name in ("", *names):
        await checks.set(name, health_pb2.HealthCheckResponse.SERVING)
    try:
        yield
    finally:
        await checks.enter_graceful_shutdown()
        drain()
        await server.stop(settings.grace.total_seconds())
