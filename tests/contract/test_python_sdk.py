"""The Python SDK against a whole deck: sign in, publish, watch, resume, read history."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import pytest_asyncio
from tests.contract.conftest import PASSWORD, Deck
from tests.instruments import share
from tests.integration.sdk.proxy import Proxy

from quarterdeck import (
    AsyncClient,
    AsyncWatch,
    Client,
    Disconnected,
    Event,
    InvalidRequest,
    Item,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    Quotes,
    Reconnected,
    async_pages,
    topic,
)
from quarterdeck.frames import table
from quarterdeck.performance import returns

pytestmark = pytest.mark.asyncio(loop_scope="session")
NUMBERS = itertools.count(1)
START_NS = 1_700_000_000_000_000_000
LIMIT = 20.0


@pytest_asyncio.fixture(loop_scope="session")
async def client(deck: Deck) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(deck.address, password=("admin", PASSWORD)) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def instrument(client: AsyncClient) -> str:
    """An instrument that no other test uses, with a slash in its symbol."""
    name = f"SDK/{next(NUMBERS)}.XNAS"
    await client.instruments.upsert_instrument(instrument=share(name))
    return name


def quotes(instrument: str, *bids: float) -> Quotes:
    rows = range(len(bids))
    return Quotes(
        instrument=instrument,
        price_precision=2,
        size_precision=0,
        event_time_ns=[START_NS + i for i in rows],
        bid_price=bids,
        ask_price=[bid + 0.01 for bid in bids],
        bid_size=[100 for _ in rows],
        ask_size=[200 for _ in rows],
    )


async def test_what_is_published_arrives_exactly_and_resumes(
    client: AsyncClient, instrument: str
) -> None:
    async with asyncio.timeout(LIMIT):
        await client.publish(quotes=[quotes(instrument, 1.01, 1.02)])
        async with client.watch(topic("quotes", instrument)) as watch:
            event = await anext(watch.events())
            assert [row.bid_price for row in event.rows()] == [Decimal("1.01"), Decimal("1.02")]
            cursors = watch.cursors
        answer = await client.publish(quotes=[quotes(instrument, 1.03)])
        assert answer.acknowledgements[0].first_sequence == 3
        async with client.watch(topic("quotes", instrument), cursors=cursors) as watch:
            assert (await anext(watch.events())).sequence == 3


async def test_a_publisher_on_one_call_is_read_live_and_played_again(
    client: AsyncClient, instrument: str
) -> None:
    async def batches() -> AsyncIterator[Quotes]:
        for bid in (1.0, 2.0, 3.0):
            yield quotes(instrument, bid)

    async with asyncio.timeout(LIMIT):
        done = await client.publish_stream(batches())
        assert (done.requests, done.rows) == (3, 3)
        begin = datetime.fromtimestamp(START_NS / 1e9, UTC)
        name, seen = topic("quotes", instrument), 0
        while seen < 3:
            played = [item async for item in client.replay(name, start_time=begin)]
            events = [item for item in played if isinstance(item, Event)]
            seen = sum(event.row_count for event in events)
        assert [row.bid_price for event in events for row in event.rows()] == [1, 2, 3]
        with pytest.raises(InvalidRequest, match="must be after start_time"):
            await anext(client.replay(name, start_time=begin, end_time=begin))


async def test_a_connection_that_forwards_nothing_is_noticed_within_two_heartbeats(
    deck: Deck, client: AsyncClient, instrument: str
) -> None:
    proxy = Proxy(int(deck.address.rpartition(":")[2]))
    await proxy.start()
    async with AsyncClient(f"127.0.0.1:{proxy.port}", password=("admin", PASSWORD)) as behind:
        every_second = timedelta(seconds=1)
        name = topic("quotes", instrument)
        async with behind.watch(name, heartbeat_interval=every_second) as watch:
            await client.publish(quotes=[quotes(instrument, 1.0)])
            await anext(watch.events())
            proxy.freeze()
            await client.publish(quotes=[quotes(instrument, 2.0)])
            items = [item async for item in until_event(watch)]
    await proxy.stop()
    lost = next(item for item in items if isinstance(item, Disconnected))
    assert 2.0 <= lost.silent_for < 3.0
    assert any(isinstance(item, Reconnected) for item in items)
    assert isinstance(items[-1], Event)
    assert items[-1].sequence == 2


async def until_event(watch: AsyncWatch) -> AsyncIterator[Item]:
    async with asyncio.timeout(LIMIT):
        async for item in watch:
            yield item
            if isinstance(item, Event):
                return


async def test_history_becomes_a_table(client: AsyncClient, instrument: str) -> None:
    await client.publish(quotes=[quotes(instrument, 1.5, 1.6, 1.7)])
    async with asyncio.timeout(LIMIT):
        stored: list[object] = []
        while len(stored) < 3:
            pages = async_pages(client.history.list_quotes, instrument=instrument, page_size=2)
            batches = [page.quotes async for page in pages]
            stored = [time for batch in batches for time in batch.event_time_ns]
    assert table(*batches)["bid_price"].tolist() == [1.5, 1.6, 1.7]


async def test_failures_of_a_deck_have_their_classes(deck: Deck, client: AsyncClient) -> None:
    with pytest.raises(NotFound) as missing:
        await client.instruments.get_instrument(instrument="NOPE.XNAS")
    assert missing.value.reason == "INSTRUMENT_NOT_FOUND"
    assert missing.value.request_id
    with pytest.raises(InvalidRequest) as bad:
        await client.instruments.get_instrument(instrument="A")
    assert [problem.field for problem in bad.value.fields] == ["instrument"]
    with pytest.raises(InvalidRequest, match="must begin with one of quotes"):
        await anext(client.watch("qotes/AAPL.XNAS"))
    async with AsyncClient(deck.address, password=("viewer", PASSWORD)) as viewer:
        with pytest.raises(NotAllowed):
            await viewer.publish()
    async with AsyncClient(deck.address, password=("admin", "wrong")) as stranger:
        with pytest.raises(NotAuthenticated):
            await stranger.tokens.get_caller()


async def test_a_stream_changes_while_it_lives(client: AsyncClient, instrument: str) -> None:
    async with asyncio.timeout(LIMIT), client.watch("notices/*") as watch:
        await anext(watch)
        await watch.subscribe(topic("quotes", instrument))
        await client.publish(quotes=[quotes(instrument, 2.5)])
        async for event in watch.events():
            if event.kind == "quotes":
                break
        assert event.payload.bid_price == [250]


async def test_the_blocking_client_reads_the_same(deck: Deck, instrument: str) -> None:
    def read() -> int:
        with Client(deck.address, password=("admin", PASSWORD)) as client:
            client.publish(quotes=[quotes(instrument, 3.5)])
            with client.watch(topic("quotes", instrument)) as watch:
                return next(watch.events()).sequence

    assert await asyncio.to_thread(read) == 1


async def test_performance_is_computed_and_tabled(client: AsyncClient) -> None:
    mine = returns({date(2024, 1, day): 0.01 * (-1) ** day for day in range(2, 12)})
    found = await client.performance(mine, benchmark=mine, risk_free=0.02)
    assert found["beta"].value == pytest.approx(1)
    assert found["annual_return"].state == "insufficient"
    assert len(found.to_pandas()) == found.message.performance.count == 10
    with pytest.raises(InvalidRequest, match="benchmark has no day in common"):
        await client.performance(mine, benchmark=returns({date(2030, 1, 2): 0.1}))
