"""The blocking client does what the one for asyncio does."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.unit.sdk.deck import TOPIC, Deck, answer, event, opened
from tests.unit.sdk.deck import deck as make_deck
from tests.unit.sdk.scripts import script

from quarterdeck import Client, Disconnected, Event, NotAuthenticated, Watch, pages

LIMIT = 10.0


class Background:
    """A deck on a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.deck: Deck = self.run(self._made)
        self.run(self.deck.start)

    def run(self, work: Callable[[], Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work(), self.loop).result(LIMIT)

    def publish(self, *texts: str) -> None:
        self.loop.call_soon_threadsafe(self.deck.streams.publish, *texts)

    def close(self) -> None:
        self.run(self.deck.kill)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(LIMIT)
        self.loop.close()

    @staticmethod
    async def _made() -> Deck:
        return make_deck()


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background()
    yield made
    made.close()


@pytest.fixture
def client(background: Background) -> Iterator[Client]:
    with Client(background.deck.address, api_key="key", timeout=5.0) as made:
        yield made


def sequences(watch: Watch, count: int) -> list[int]:
    events = watch.events()
    return [next(events).sequence for _ in range(count)]


def test_a_call_answers(client: Client) -> None:
    found = client.instruments.get_instrument(instrument="AAPL.XNAS")
    assert found.instrument.price_precision == 2


def test_pages_are_followed(client: Client) -> None:
    assert len(list(pages(client.instruments.list_instruments))) == 3


def test_errors_are_typed(background: Background) -> None:
    client = Client(background.deck.address, api_key="wrong")
    with client, pytest.raises(NotAuthenticated):
        client.instruments.get_instrument(instrument="AAPL.XNAS")


def test_a_killed_server_costs_no_event(background: Background, client: Client) -> None:
    background.publish("one", "two")
    with client.watch(TOPIC) as watch:
        assert sequences(watch, 2) == [1, 2]
        background.run(background.deck.kill)
        background.publish("three")
        background.run(background.deck.start)
        assert sequences(watch, 1) == [3]


def test_silence_opens_the_stream_again(background: Background, client: Client) -> None:
    background.publish("one", "two")
    silent = script(opened(), answer(event(1)), hang=True)
    background.deck.streams.scripts.append(silent)
    with client.watch(TOPIC) as watch:
        assert sequences(watch, 1) == [1]
        lost = next(item for item in watch if isinstance(item, Disconnected))
        assert "nothing came" in str(lost.error)
        assert next(item for item in watch if isinstance(item, Event)).sequence == 2


def test_closing_a_watch_ends_its_iteration(background: Background, client: Client) -> None:
    background.publish("one")
    watch = client.watch(TOPIC)
    assert sequences(watch, 1) == [1]
    watch.close()
    list(watch)
    assert watch.session_id == ""
