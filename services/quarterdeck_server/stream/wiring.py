"""Opens the stream area."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc

from quarterdeck.api.stream.v1 import connection_service_pb2_grpc as connection_rpc
from quarterdeck.api.stream.v1 import stream_service_pb2_grpc as stream_rpc
from quarterdeck.api.stream.v1.connection_service_pb2 import DESCRIPTOR as CONNECTION
from quarterdeck.api.stream.v1.stream_service_pb2 import DESCRIPTOR as STREAM
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.settings import Settings, StreamSettings
from quarterdeck_server.stream import jobs
from quarterdeck_server.stream.encode import KINDS, WireEncoder
from quarterdeck_server.stream.engine.entry import Mint
from quarterdeck_server.stream.engine.hub import Hub, Limits
from quarterdeck_server.stream.notices import Notices
from quarterdeck_server.stream.peers import TradingRecords
from quarterdeck_server.stream.servicers.connection import ConnectionServicer
from quarterdeck_server.stream.servicers.stream import StreamServicer
from quarterdeck_server.stream.sessions import Sessions


@asynccontextmanager
async def open(  # noqa: A001 - every area opens by this word
    settings: Settings, shared: Shared
) -> AsyncIterator[Sequence[Service]]:
    """Follow the bus and offer the services."""
    hub = _hub(settings.stream)
    records = TradingRecords(shared.peers)
    sessions = Sessions(hub, shared.clock, records, shared.live, settings.stream)
    repairs = jobs.Repairs(hub, sessions, records, shared.clock)
    hub.on_loss = repairs.begin
    tasks = _start(settings.stream, shared, hub, sessions)
    notices = Notices(shared.bus, hub, shared.clock)
    try:
        yield _services(
            StreamServicer(hub, sessions, settings.stream),
            ConnectionServicer(hub, sessions, notices),
        )
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await repairs.close()


def _hub(settings: StreamSettings) -> Hub:
    limits = Limits(
        settings.ring_window.total_seconds(),
        settings.ring_bytes,
        settings.cut_bytes,
        {kind: allowed.total_seconds() for kind, allowed in settings.stale_after.items()},
    )
    hub = Hub(Mint(WireEncoder()), limits, KINDS)
    loop = asyncio.get_running_loop()
    hub.on_dirty = lambda: _soon(loop, hub)
    return hub


def _soon(loop: asyncio.AbstractEventLoop, hub: Hub) -> None:
    """Wake readers once for all that this turn of the loop publishes."""
    loop.call_soon(hub.flush)


def _start(
    settings: StreamSettings, shared: Shared, hub: Hub, sessions: Sessions
) -> list[asyncio.Task[None]]:
    start, clock, bus = shared.background.start, shared.clock, shared.bus
    window = settings.ring_window
    return [
        start("stream-intake", lambda: jobs.take_in(bus, hub, clock, window)),
        start("stream-pace", lambda: jobs.pace(hub, clock)),
        start("stream-housekeeping", lambda: jobs.keep_house(hub, sessions, clock)),
        start("stream-drain", sessions.end_when_draining),
    ]


def _services(stream: StreamServicer, connection: ConnectionServicer) -> list[Service]:
    return [
        Service(
            STREAM.services_by_name["StreamService"].full_name,
            lambda server: stream_rpc.add_StreamServiceServicer_to_server(
                stream,
                _EncodedWatch(server),  # type: ignore[arg-type]
            ),
        ),
        Service(
            CONNECTION.services_by_name["ConnectionService"].full_name,
            lambda server: connection_rpc.add_ConnectionServiceServicer_to_server(
                connection, server
            ),
        ),
    ]


class _EncodedWatch:
    """Registers handlers as the generated code has them, but that Watch writes encoded frames."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """Wait for the handlers by name, which come next."""

    def add_registered_method_handlers(
        self, service: str, handlers: "Mapping[str, grpc.RpcMethodHandler[Any, Any]]"
    ) -> None:
        """Register the handlers."""
        watch = handlers["Watch"]
        behavior: Any = watch.unary_stream
        encoded = {
            **handlers,
            "Watch": grpc.unary_stream_rpc_method_handler(behavior, watch.request_deserializer),
        }
        generic = grpc.method_handlers_generic_handler(service, encoded)
        self._server.add_generic_rpc_handlers((generic,))
