"""A replay yields what was recorded and ends, or says that it broke."""

import asyncio
from datetime import UTC, datetime

import pytest
from tests.unit.sdk.deck import TOPIC, Deck

from quarterdeck import AsyncClient, Client, Event, SessionOpened, Unavailable

START = datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_replay_yields_items_and_ends(deck: Deck, client: AsyncClient) -> None:
    deck.streams.publish("one", "two")
    items = [item async for item in client.replay(TOPIC, start_time=START)]
    assert isinstance(items[0], SessionOpened)
    assert [item.sequence for item in items if isinstance(item, Event)] == [1, 2]


async def test_a_replay_that_goes_silent_raises_after_two_heartbeats(
    deck: Deck, client: AsyncClient
) -> None:
    deck.streams.publish("one", "two")
    with pytest.raises(Unavailable, match=r"nothing came for 0\.4 s"):
        async for _ in client.replay(TOPIC, start_time=START, speed=1.0):
            pass


async def test_the_blocking_client_plays_the_same(deck: Deck) -> None:
    deck.streams.publish("one", "two")

    def play(speed: float) -> int:
        with Client(deck.address, api_key="key") as client:
            return sum(1 for _ in client.replay(TOPIC, start_time=START, speed=speed))

    assert await asyncio.to_thread(play, 0.0) == 3
    with pytest.raises(Unavailable, match=r"nothing came for 0\.4 s"):
        await asyncio.to_thread(play, 1.0)
