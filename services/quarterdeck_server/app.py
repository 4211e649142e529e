"""The composition root: the only module that knows every area and every adapter."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import grpc

import quarterdeck_server.analytics.wiring
import quarterdeck_server.auth.wiring
import quarterdeck_server.marketdata.wiring
import quarterdeck_server.stream.wiring
import quarterdeck_server.system.wiring
import quarterdeck_server.trading.wiring
from quarterdeck_server.adapters.alphavantage.wiring import alphavantage_source
from quarterdeck_server.adapters.edgar.wiring import edgar_source
from quarterdeck_server.adapters.fred.wiring import fred_source
from quarterdeck_server.adapters.http.client import web
from quarterdeck_server.adapters.ibkr.wiring import ibkr_source, ibkr_statements
from quarterdeck_server.adapters.replay.wiring import replay_source
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.source_ports import Source
from quarterdeck_server.marketdata.store.quota import PostgresQuotaStore
from quarterdeck_server.runtime import metrics
from quarterdeck_server.runtime.audit import audit_log
from quarterdeck_server.runtime.authenticate import keys_of_peer, verifier
from quarterdeck_server.runtime.background import background
from quarterdeck_server.runtime.bus import Bus, LocalBus, redis_bus
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.runtime.compute import Compute, take_turns
from quarterdeck_server.runtime.guard import Gate, Guard
from quarterdeck_server.runtime.jobs import jobs
from quarterdeck_server.runtime.live import LiveStreams
from quarterdeck_server.runtime.peers import peers
from quarterdeck_server.runtime.postgres import postgres
from quarterdeck_server.runtime.server import build, running
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.settings import MarketDataSettings, Settings

type Area = Callable[[Settings, Shared], AbstractAsyncContextManager[Sequence[Service]]]


@asynccontextmanager
async def _marketdata(settings: Settings, shared: Shared) -> AsyncIterator[Sequence[Service]]:
    options = settings.marketdata
    replay = replay_source(options.replay, shared.compute)
    ibkr = ibkr_source(options.ibkr, shared.clock)
    async with (
        http_sources(options, shared) as vendors,
        quarterdeck_server.marketdata.wiring.open(
            settings, shared, [replay, ibkr, *vendors]
        ) as services,
    ):
        yield services


@asynccontextmanager
async def http_sources(
    options: MarketDataSettings, shared: Shared
) -> AsyncIterator[Sequence[Source]]:
    """Make the vendors that are read over HTTP, with one client and their quotas."""
    quotas = PostgresQuotaStore(shared.postgres)
    async with (
        web(options.http, shared.clock) as opened,
        alphavantage_source(options.alphavantage, opened, quotas) as alphavantage,
        edgar_source(options.edgar, opened, quotas) as edgar,
        fred_source(options.fred, opened, quotas) as fred,
    ):
        yield [alphavantage, edgar, fred]


def _trading(settings: Settings, shared: Shared) -> AbstractAsyncContextManager[Sequence[Service]]:
    options = settings.marketdata.ibkr
    statements = ibkr_statements(options, shared.clock)
    brokers = {"brokers/ibkr": statements} if options.host else {}
    return quarterdeck_server.trading.wiring.open(settings, shared, brokers)


AREAS: dict[str, Area] = {
    "auth": quarterdeck_server.auth.wiring.open,
    "marketdata": _marketdata,
    "trading": _trading,
    "analytics": quarterdeck_server.analytics.wiring.open,
    "system": quarterdeck_server.system.wiring.open,
    "stream": quarterdeck_server.stream.wiring.open,
}


@asynccontextmanager
async def serve(settings: Settings, areas: Collection[str] = tuple(AREAS)) -> AsyncIterator[str]:
    """Serve the areas in this process until the block ends; yields the address."""
    async with AsyncExitStack() as stack:
        shared, guard = await _open_shared(settings, stack)
        server = build(settings.server, guard)
        shared.peers.here = _bind(server, settings.server.listen)
        opened = [await stack.enter_async_context(AREAS[name](settings, shared)) for name in areas]
        services = [service for area in opened for service in area]
        stack.enter_context(metrics.exposed(settings.server.metrics_port))
        drain = shared.live.drain
        await stack.enter_async_context(running(server, services, settings.server, drain))
        yield shared.peers.here


async def _open_shared(settings: Settings, stack: AsyncExitStack) -> tuple[Shared, Guard]:
    clock = SystemClock()
    database = await stack.enter_async_context(postgres(settings.dsn, settings.postgres))
    bus = await stack.enter_async_context(_bus(settings))
    take_turns()
    compute = Compute()
    work = await stack.enter_async_context(background())
    channels = await stack.enter_async_context(peers(settings.peers))
    tokens = await stack.enter_async_context(verifier(keys_of_peer(channels), bus, clock, work))
    audit = await stack.enter_async_context(audit_log(database, work))
    runner = await stack.enter_async_context(jobs(database))
    work.start("jobs-alive", runner.stay_alive)
    live = LiveStreams(tokens, clock)
    work.start("live-streams", live.check)
    gate = Gate(
        tokens,
        audit,
        live,
        settings.server.max_message_bytes,
        settings.server.default_deadline.total_seconds(),
    )
    shared = Shared(database, bus, clock, compute, runner, work, channels, tokens, live)
    return shared, Guard(gate)


@asynccontextmanager
async def _bus(settings: Settings) -> AsyncIterator[Bus]:
    if settings.bus_url is None:
        yield LocalBus(settings.redis.retention)
        return
    async with redis_bus(settings.bus_url, settings.redis) as bus:
        yield bus


def _bind(server: grpc.aio.Server, listen: str) -> str:
    try:
        port = server.add_insecure_port(listen)
    except RuntimeError as error:
        raise InvalidField("server.listen", f"cannot be bound: {listen}") from error
    host = listen.rpartition(":")[0]
    return listen if listen.startswith("unix:") else f"{host}:{port}"
