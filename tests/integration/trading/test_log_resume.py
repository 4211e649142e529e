"""The SDK follows the trading log through everything that breaks a stream."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.integration.sdk.proxy import Proxy
from tests.integration.trading import events
from tests.integration.trading.conftest import Deck, Open

from quarterdeck import AsyncClient, AsyncLogWatch, Client, InvalidRequest, LogCursor


async def recorded(deck: Deck, count: int) -> list[str]:
    ada = await deck.client()
    batch = [events.fill() for _ in range(count)]
    await ada.events.RecordEvents(events.batch(*batch))
    return [event.event_id for event in batch]


async def taken(watch: AsyncLogWatch, count: int) -> list[str]:
    async with asyncio.timeout(20):
        return [(await anext(watch)).event.event_id for _ in range(count)]


def port(deck: Deck) -> int:
    return int(deck.address.rpartition(":")[2])


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    made = Proxy(0)
    await made.start()
    yield made
    await made.stop()


async def test_broken_connections_and_restarts_neither_lose_nor_repeat_an_event(
    open_deck: Open, proxy: Proxy
) -> None:
    sent: list[str] = []
    received: list[str] = []
    async with (
        AsyncClient(f"127.0.0.1:{proxy.port}", token="ada") as client,
        client.watch_trading() as watch,
    ):
        for _ in range(2):
            async with open_deck() as deck:
                proxy.target = port(deck)
                for _ in range(4):
                    sent += await recorded(deck, 40)
                    received += await taken(watch, 25)
                    proxy.reset()
        async with open_deck() as deck:
            proxy.target = port(deck)
            received += await taken(watch, len(sent) - len(received))
    assert received == sent
    assert watch.reconnections >= 3
    assert watch.cursor is not None
    assert watch.cursor.position == watch.newest_position == len(sent)


async def test_a_watch_goes_on_at_the_cursor_of_another(deck: Deck) -> None:
    sent = await recorded(deck, 5)
    async with AsyncClient(deck.address, token="ada") as client:
        async with client.watch_trading() as watch:
            assert await taken(watch, 2) == sent[:2]
            cursor = watch.cursor
        assert cursor is not None
        async with client.watch_trading(cursor=cursor) as watch:
            assert await taken(watch, 3) == sent[2:]
        other = LogCursor(epoch=cursor.epoch + 1, position=1)
        with pytest.raises(InvalidRequest, match="is of another log"):
            await anext(client.watch_trading(cursor=other))


async def test_the_blocking_client_follows_the_log_too(deck: Deck) -> None:
    sent = await recorded(deck, 3)

    def read() -> list[str]:
        with Client(deck.address, token="ada") as client, client.watch_trading() as watch:
            return [next(watch).event.event_id for _ in range(3)]

    assert await asyncio.to_thread(read) == sent
