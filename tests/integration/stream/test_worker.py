"""Stream workers as processes on a real bus: one is killed, its readers go on elsewhere."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.integration.stream.client import Client
from tests.integration.stream.served import Fills, Served, notice, served

from quarterdeck_server.runtime.bus import LocalBus, redis_bus
from quarterdeck_server.settings import RedisSettings, Settings

PROGRAM = Path(__file__).with_name("worker_program.py")
QUOTES = "quotes/AAPL.XNAS"
FILLS = "fills/SIM-001/ema"


@dataclass
class Worker:
    """A worker that can be killed and started again at its address."""

    arguments: list[str]
    port: int
    process: asyncio.subprocess.Process | None = field(default=None)

    async def start(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(PROGRAM),
            *self.arguments,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
        )
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            while not (await self.process.stdout.readline()).startswith(b"ready"):
                assert self.process.returncode is None

    async def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        await self.process.wait()


@dataclass
class Place:
    """What a client needs to know of a worker."""

    stub: Callable[[], object]


@pytest.fixture
async def trading() -> AsyncIterator[Served]:
    """A trading log that outlives the workers."""
    async with served(LocalBus(), Settings(), fills=Fills()) as deck:
        yield deck


@asynccontextmanager
async def worker(servers, key: str, trading: Served) -> AsyncIterator[Worker]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    one = Worker([servers.redis_url, key, str(port), trading.address], port)
    await one.start()
    try:
        yield one
    finally:
        await one.kill()


async def test_a_killed_worker_costs_its_readers_no_event(servers, trading, monkeypatch):
    key = f"test:stream:{os.getpid()}"
    async with (
        redis_bus(servers.redis_url, RedisSettings(stream=key)) as bus,
        worker(servers, key, trading) as one,
    ):
        place = Served(f"127.0.0.1:{one.port}", bus, trading.tokens, trading.fills, trading.live)
        client = Client(place, "quotes/*", "fills/*")
        publisher = asyncio.create_task(_publish(bus, trading.fills))
        for _ in range(2):
            await client.open()
            await client.until(lambda: len(client.seen.events) > 100 and not client.error)
            await one.kill()
            await client.ended()
            await asyncio.sleep(0)
            await one.start()
        await client.open()
        publisher.cancel()
        quotes = (await asyncio.gather(publisher, return_exceptions=True))[0]
        assert isinstance(quotes, asyncio.CancelledError)
        last = len(trading.fills.records[FILLS])
        await client.until(lambda: client.seen.positions.get(FILLS) == (5, last))
        await client.close()
        for channel in place.channels:
            await channel.close()
    assert (client.seen.faults, client.seen.gaps) == ([], [])
    read = client.seen.sequences(FILLS)
    assert read == list(range(read[0], last + 1))


async def test_a_new_worker_fills_its_rings_from_the_bus(servers, trading):
    key = f"test:rings:{os.getpid()}"
    async with redis_bus(servers.redis_url, RedisSettings(stream=key)) as bus:
        await bus.publish([notice(QUOTES, number) for number in range(1, 101)])
        async with served(bus, Settings()) as deck:
            client = Client(deck, QUOTES)
            client.seen.positions[QUOTES] = (1, 40)
            async with client:
                await client.until(lambda: len(client.seen.events) == 60)
    assert (client.seen.faults, client.seen.gaps) == ([], [])


async def _publish(bus, fills: Fills) -> None:
    """Publish quotes and fills until cancelled."""
    sequence = 0
    while True:
        sequence += 1
        await asyncio.shield(
            bus.publish([notice(QUOTES, sequence), fills.message(FILLS, str(sequence))])
        )
        await asyncio.sleep(0.002)
