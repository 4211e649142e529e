"""What readers of a worker see while the bus is away."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.integration.runtime import valkey
from tests.integration.runtime.valkey import Server
from tests.integration.stream.client import Client, subscription
from tests.integration.stream.served import Served, bearer, notice, served

from quarterdeck.api.stream.v1 import control_pb2
from quarterdeck.api.stream.v1 import stream_service_pb2 as pb
from quarterdeck_server.runtime.bus import redis_bus
from quarterdeck_server.settings import RedisSettings, Settings

QUOTES = "quotes/AAPL.XNAS"
FILLS = "fills/SIM-001/ema"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server for this test alone, to be killed."""
    with valkey.server(tmp_path, "--appendonly", "yes") as running:
        yield running


@pytest.fixture
async def deck(server: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """A worker that notices soon that its bus is away."""
    monkeypatch.setattr("quarterdeck_server.runtime.bus.lane.AWAY_AFTER_S", 0.2)
    async with redis_bus(server.url, RedisSettings()) as bus, served(bus, Settings()) as opened:
        yield opened


async def test_topics_are_stale_while_the_bus_is_away_and_recover_with_it(deck, server):
    """A fill may come at any time, so its topic is stale too, though it is quiet by nature."""
    async with Client(deck, QUOTES, FILLS) as client:
        await deck.bus.publish([notice(QUOTES, 1), deck.fills.message(FILLS, "a")])
        await client.until(lambda: len(client.seen.events) == 2)
        server.kill()
        await client.until(lambda: client.seen.controls.count("stale") == 2)
        assert (await first_stale(deck)).note == "bus away"
        server.start()
        await client.until(lambda: client.seen.controls.count("recovered") == 2)
        await deck.bus.publish([notice(QUOTES, 2)])
        await client.until(lambda: len(client.seen.events) == 3)
    assert (client.seen.faults, client.seen.gaps) == ([], [])


async def test_readers_are_served_from_memory_while_the_bus_is_away(deck, server):
    async with Client(deck, QUOTES) as client:
        await deck.bus.publish([notice(QUOTES, number) for number in range(1, 6)])
        await client.until(lambda: len(client.seen.events) == 5)
    server.kill()
    again = Client(deck, QUOTES)
    again.seen.positions[QUOTES] = (1, 2)
    async with again:
        await again.until(lambda: len(again.seen.events) == 3)
    assert again.seen.faults == []


async def test_fills_that_the_bus_lost_while_nobody_read_them_are_no_gap(deck):
    """They are in the trading log, whoever resumes gets them from there."""
    async with Client(deck, FILLS) as client:
        await deck.bus.publish([deck.fills.message(FILLS, "a")])
        await client.until(lambda: len(client.seen.events) == 1)
    deck.fills.message(FILLS, "lost")
    async with Client(deck, QUOTES) as other:
        await deck.bus.publish([deck.fills.message(FILLS, "c"), notice(QUOTES, 1)])
        await other.until(lambda: other.seen.events)
    async with Client(deck, FILLS, seen=client.seen) as again:
        await again.until(lambda: len(again.seen.events) == 3)
    assert (again.seen.sequences(FILLS), again.seen.gaps) == ([1, 2, 3], [])


async def first_stale(deck) -> control_pb2.Stale:
    """What a reader that comes while the bus is away is told of a topic."""
    request = pb.WatchRequest(subscriptions=[subscription(QUOTES)])
    async for response in deck.stub().Watch(request, metadata=bearer("ada")):
        for control in response.controls:
            if control.HasField("stale"):
                return control.stale
    raise AssertionError("the stream ended")


async def test_a_worker_that_starts_without_its_bus_serves_and_heals(server, monkeypatch):
    monkeypatch.setattr("quarterdeck_server.runtime.bus.writer.PATIENCE_S", 0.2)
    server.kill()
    async with (
        redis_bus(server.url, RedisSettings()) as bus,
        served(bus, Settings()) as deck,
        Client(deck, QUOTES) as client,
    ):
        assert client.seen.controls[0] == "session_opened"
        server.start()
        await deck.bus.publish([notice(QUOTES, 1)])
        await client.until(lambda: client.seen.events)
