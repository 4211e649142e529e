"""Opens the stream area."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from quarterdeck.api.stream.v1 import connection_service_pb2_grpc as connection_rpc
from quarterdeck.api.stream.v1 import stream_service_pb2_grpc as stream_rpc
from quarterdeck.api.stream.v1.connection_service_pb2 import DESCRIPTOR as CONNECTION
from quarterdeck.api.stream.v1.stream_service_pb2 import DESCRIPTOR as STREAM
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.runtime.encoded import register
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.settings import Settings, StreamSettings
from quarterdeck_server.stream import jobs, mapping
from quarterdeck_server.stream.alerts import Alerts
from quarterdeck_server.stream.commissions import Commissions
from quarterdeck_server.stream.directory import Directory
from quarterdeck_server.stream.domain import TICKING
from quarterdeck_server.stream.encode import KINDS, WireEncoder
from quarterdeck_server.stream.engine.entry import Mint
from quarterdeck_server.stream.engine.hub import Hub
from quarterdeck_server.stream.engine.terms import Limits
from quarterdeck_server.stream.notices import Notices
from quarterdeck_server.stream.opening import Openings
from quarterdeck_server.stream.others import Others
from quarterdeck_server.stream.peers import PerformanceMaker, TradingRecords
from quarterdeck_server.stream.replay.replays import Replays
from quarterdeck_server.stream.servicers.connection import ConnectionServicer
from quarterdeck_server.stream.servicers.stream import StreamServicer
from quarterdeck_server.stream.sessions import Sessions
from quarterdeck_server.stream.staleness import Staleness
from quarterdeck_server.stream.webhook import Webhook


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
    others = _others(settings.stream, shared, sessions)
    tasks += _follow_others(shared, others)
    tasks += _watch_silence(settings.stream, shared, hub, others)
    commissions = Commissions(
        hub, sessions.token_for, PerformanceMaker(shared.peers), shared.bus, shared.clock
    )
    tasks.append(shared.background.start("stream-commissions", commissions.run))
    notices = Notices(shared.bus, shared.clock)
    openings = Openings(settings.stream.opens_per_minute, shared.clock)
    replays = Replays(shared.peers, WireEncoder(), shared.clock, settings.stream)
    try:
        yield _services(
            StreamServicer(hub, sessions, others, openings, replays, settings.stream),
            ConnectionServicer(hub, sessions, others, notices),
        )
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await repairs.close()


def _hub(settings: StreamSettings) -> Hub:
    for kind in settings.stale_after.keys() - TICKING:
        text = f"names {kind}, which is none of {', '.join(sorted(TICKING))}"
        raise InvalidField("stream.stale_after", text)
    limits = Limits(
        settings.ring_window.total_seconds(),
        settings.ring_bytes,
        settings.cut_bytes,
        {kind: allowed.total_seconds() for kind, allowed in settings.stale_after.items()},
    )
    hub = Hub(Mint(WireEncoder()), limits, KINDS, read_phase=mapping.phase_from)
    loop = asyncio.get_running_loop()
    hub.bells.on_dirty = lambda: _soon(loop, hub)
    return hub


def _others(settings: StreamSettings, shared: Shared, sessions: Sessions) -> Others:
    """Make this worker and the others known to each other."""
    address = settings.address or shared.peers.here
    census = sessions.census
    directory = Directory(sessions.worker, address, shared.bus, shared.clock, census)
    others = Others(directory, shared.peers)
    directory.on_left = lambda worker: shared.peers.forget(worker.address)
    sessions.elsewhere, sessions.on_changed = others.streams_of_caller, directory.changed
    return others


def _follow_others(shared: Shared, others: Others) -> list[asyncio.Task[None]]:
    start, directory = shared.background.start, others.directory
    return [
        start("stream-directory", directory.follow),
        start("stream-announcement", directory.announce),
    ]


def _watch_silence(
    settings: StreamSettings, shared: Shared, hub: Hub, others: Others
) -> list[asyncio.Task[None]]:
    start, directory = shared.background.start, others.directory
    url = settings.alert_webhook
    webhook = Webhook(url.get_secret_value(), directory.name) if url else None
    staleness = Staleness(settings.alert_pause.total_seconds())
    alerts = Alerts(hub, shared.bus, shared.clock, lambda: directory.speaks, staleness, webhook)
    tasks = [start("stream-alerts", alerts.run)]
    return [*tasks, start("stream-webhook", webhook.run)] if webhook else tasks


def _soon(loop: asyncio.AbstractEventLoop, hub: Hub) -> None:
    """Wake readers once for all that this turn of the loop publishes."""
    loop.call_soon(hub.flush)


def _start(
    settings: StreamSettings, shared: Shared, hub: Hub, sessions: Sessions
) -> list[asyncio.Task[None]]:
    start, clock, bus = shared.background.start, shared.clock, shared.bus
    window = settings.ring_window
    return [
        start("stream-intake", jobs.Intake(bus, hub, clock, window).run),
        start("stream-pace", lambda: jobs.pace(hub, clock)),
        start("stream-housekeeping", jobs.Housekeeping(hub, sessions, clock).run),
        start("stream-drain", sessions.end_when_draining),
    ]


def _services(stream: StreamServicer, connection: ConnectionServicer) -> list[Service]:
    return [
        Service(
            STREAM.services_by_name["StreamService"].full_name,
            register(
                stream_rpc.add_StreamServiceServicer_to_server,
                stream,
                frozenset({"Watch", "Replay"}),
            ),
        ),
        Service(
            CONNECTION.services_by_name["ConnectionService"].full_name,
            lambda server: connection_rpc.add_ConnectionServiceServicer_to_server(
                connection, server
            ),
        ),
    ]
