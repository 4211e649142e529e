"""Streams survive what networks and machines do to them, exactly."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.integration.sdk.proxy import Proxy
from tests.unit.sdk.deck import TOPIC, Deck
from tests.unit.sdk.deck import deck as make_deck

from quarterdeck import AsyncClient, AsyncWatch, Disconnected, Event, UnannouncedGap

LIMIT = 20.0
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
async def deck() -> AsyncIterator[Deck]:
    made = make_deck()
    await made.start()
    yield made
    await made.kill()


@pytest.fixture
async def proxy(deck: Deck) -> AsyncIterator[Proxy]:
    made = Proxy(deck.port)
    await made.start()
    yield made
    await made.stop()


async def texts(watch: AsyncWatch, count: int) -> list[str]:
    async with asyncio.timeout(LIMIT):
        return [(await anext(watch.events())).payload.text for _ in range(count)]


async def test_a_connection_that_forwards_nothing_is_left_for_another(
    deck: Deck, proxy: Proxy
) -> None:
    async with (
        AsyncClient(f"127.0.0.1:{proxy.port}", api_key="key") as client,
        client.watch(TOPIC) as watch,
    ):
        deck.streams.publish("one")
        assert await texts(watch, 1) == ["one"]
        proxy.freeze()
        deck.streams.publish("two", "three")
        before = proxy.connections
        assert await texts(watch, 2) == ["two", "three"]
        assert proxy.connections > before


async def test_a_connection_that_breaks_again_and_again_costs_nothing(
    deck: Deck, proxy: Proxy
) -> None:
    async with (
        AsyncClient(f"127.0.0.1:{proxy.port}", api_key="key") as client,
        client.watch(TOPIC) as watch,
    ):
        wanted = [str(i) for i in range(1, 201)]
        received: list[str] = []
        for start in range(0, 200, 20):
            deck.streams.publish(*wanted[start : start + 20])
            received += await texts(watch, 10)
            proxy.reset()
        received += await texts(watch, 200 - len(received))
        assert received == wanted


async def start(port: int, counter: Path) -> tuple[asyncio.subprocess.Process, int]:
    paths = os.pathsep.join(str(ROOT / p) for p in (".", "clients/python"))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.sdk.deck_program", str(port), str(counter)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert process.stdout
    return process, int(await process.stdout.readline())


async def test_kill_9_of_the_server_in_the_middle_of_a_stream_loses_and_repeats_nothing(
    tmp_path: Path,
) -> None:
    counter = tmp_path / "counter"
    counter.touch()
    process, port = await start(0, counter)
    async with (
        AsyncClient(f"127.0.0.1:{port}", api_key="key") as client,
        client.watch(TOPIC) as watch,
        asyncio.timeout(LIMIT),
    ):
        received: list[str] = []
        for _ in range(2):
            received += await texts(watch, 50)
            process.send_signal(signal.SIGKILL)
            await process.wait()
            async for item in watch:
                assert not isinstance(item, UnannouncedGap)
                if isinstance(item, Disconnected):
                    break
                received += [item.payload.text] if isinstance(item, Event) else []
            process, _ = await start(port, counter)
        received += await texts(watch, 50)
    process.kill()
    await process.wait()
    assert received == [str(i + 1) for i in range(len(received))]
