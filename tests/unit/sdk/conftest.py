"""A running deck and clients of it."""

from collections.abc import AsyncIterator

import pytest
from tests.unit.sdk.deck import Deck
from tests.unit.sdk.deck import deck as make_deck

from quarterdeck import AsyncClient


@pytest.fixture
async def deck() -> AsyncIterator[Deck]:
    made = make_deck()
    await made.start()
    yield made
    await made.kill()


@pytest.fixture
async def client(deck: Deck) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(deck.address, api_key="key", timeout=5.0) as made:
        yield made
