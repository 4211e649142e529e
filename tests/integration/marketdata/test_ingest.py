"""Publishing: all or nothing, sequenced, on the bus, and in history soon after."""

import asyncio
import math
from datetime import timedelta

import asyncpg
import grpc
import pytest
from tests.instruments import upsert
from tests.integration.marketdata.conftest import open_deck
from tests.integration.marketdata.requests import bars, quotes, refusal, trades, until

from quarterdeck.api.marketdata.v1.history_service_pb2 import ListQuotesRequest
from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishRequest
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.bus import LocalBus


@pytest.fixture(autouse=True)
async def _apple(deck):
    await deck.instruments.UpsertInstrument(upsert())


async def on_the_bus(deck, kind):
    async with deck.bus.subscribe([kind], replay=timedelta(minutes=1)) as batches:
        return (await anext(batches)).messages


async def quotes_stored(deck):
    answer = await deck.history.ListQuotes(ListQuotesRequest(instrument="AAPL.XNAS"))
    return list(answer.sequence)


async def test_rows_are_numbered_without_a_hole(deck):
    request = PublishRequest(quotes=[quotes([1, 2, 3]), quotes([4])])
    first = await deck.ingest.Publish(request)
    second = await deck.ingest.Publish(request)
    spans = [
        (each.first_sequence, each.last_sequence)
        for answer in (first, second)
        for each in answer.acknowledgements
    ]
    assert spans == [(1, 3), (4, 4), (5, 7), (8, 8)]


async def test_acknowledgements_come_in_the_order_quotes_trades_bars(deck):
    request = PublishRequest(bars=[bars([1])], trades=[trades([1])], quotes=[quotes([1])])
    answer = await deck.ingest.Publish(request)
    topics = [each.topic for each in answer.acknowledgements]
    assert topics == ["quotes/AAPL.XNAS", "trades/AAPL.XNAS", "bars/1d/AAPL.XNAS"]


async def test_readers_get_the_batch_as_it_was_sent(deck):
    batch = quotes([1, 2])
    await deck.ingest.Publish(PublishRequest(quotes=[batch]))
    [message] = await on_the_bus(deck, "quotes")
    assert (message.topic, message.sequence, message.rows) == ("quotes/AAPL.XNAS", 1, 2)
    assert QuoteBatch.FromString(message.payload) == batch


async def test_what_was_published_is_in_history_and_the_acknowledgement_says_so(deck):
    await deck.ingest.Publish(PublishRequest(quotes=[quotes([1, 2])]))
    await until(lambda: quotes_stored(deck), lambda sequence: sequence == [1, 2])
    answer = await deck.ingest.Publish(PublishRequest(quotes=[quotes([3])]))
    assert answer.acknowledgements[0].durable_through == 2


async def test_a_bad_row_names_its_place_and_nothing_is_published(deck):
    closes = [10.5, 10.5, 10.5, math.nan]
    request = PublishRequest(quotes=[quotes([1])], bars=[bars([1, 2, 3, 4], close=0)])
    request.bars[0].close[:] = closes
    code, reason, metadata = await refusal(deck.ingest.Publish(request))
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    assert metadata["field"] == "bars[0].close[3]"
    good = await deck.ingest.Publish(PublishRequest(quotes=[quotes([1])]))
    assert good.acknowledgements[0].first_sequence == 1


async def test_an_unknown_instrument_is_named(deck):
    request = PublishRequest(quotes=[quotes([1]), quotes([1], "NOPE.XNAS")])
    code, reason, metadata = await refusal(deck.ingest.Publish(request))
    assert (code, reason) == (grpc.StatusCode.NOT_FOUND, "INSTRUMENT_NOT_FOUND")
    assert metadata == {"instrument": "NOPE.XNAS", "field": "quotes[1].instrument"}


async def test_a_request_has_at_most_a_hundred_thousand_rows(deck):
    batch = quotes(range(1, 50_002))
    _, reason, metadata = await refusal(deck.ingest.Publish(PublishRequest(quotes=[batch, batch])))
    assert (reason, metadata["field"]) == ("FIELD_INVALID", "quotes[1]")


async def test_the_same_request_twice_is_published_once(deck):
    request = PublishRequest(quotes=[quotes([1])], request_id="a")
    first = await deck.ingest.Publish(request)
    assert await deck.ingest.Publish(request) == first


async def test_a_request_identifier_is_not_used_for_other_content(deck):
    await deck.ingest.Publish(PublishRequest(quotes=[quotes([1])], request_id="a"))
    other = PublishRequest(quotes=[quotes([2])], request_id="a")
    _, reason, metadata = await refusal(deck.ingest.Publish(other))
    assert (reason, metadata) == ("REQUEST_ID_REUSED", {"field": "request_id"})


async def test_the_epoch_is_new_after_every_start_even_within_a_second(open_area):
    epochs = []
    for _ in range(3):
        async with open_area() as deck:
            answer = await deck.ingest.Publish(PublishRequest(quotes=[quotes([1])]))
            epochs.append(answer.acknowledgements[0].epoch)
    assert len(set(epochs)) == 3


async def test_what_waits_is_stored_before_the_area_closes(open_area):
    async with open_area() as deck:
        await deck.ingest.Publish(PublishRequest(quotes=[quotes(range(1, 20_001))]))
    async with open_area() as deck:
        request = ListQuotesRequest(instrument="AAPL.XNAS", newest_first=True, page_size=1)
        answer = await deck.history.ListQuotes(request)
        assert list(answer.sequence) == [20_000]


async def test_rows_that_do_not_fit_the_queue_become_a_hole(open_area, store):
    async with open_area(history_queue_rows=10) as deck:
        request = PublishRequest(quotes=[quotes([1]), quotes(range(2, 20)), quotes([20])])
        await deck.ingest.Publish(request)
    async with open_area() as deck:
        assert await quotes_stored(deck) == [1, 20]
    row = await store.fetchrow("SELECT topic, first_sequence, last_sequence FROM marketdata.hole")
    assert tuple(row) == ("quotes/AAPL.XNAS", 2, 19)


class SlowBus(LocalBus):
    """A bus that takes its time, or does not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = asyncio.Event()
        self.is_away = False

    async def publish(self, messages):
        await self.turn.wait()
        if self.is_away:
            raise Unavailable("the bus does not answer", dependency="redis")
        await super().publish(messages)


async def given_up(deck, bus, request):
    """Publish with a caller that does not wait for the bus."""
    bus.turn.clear()
    with pytest.raises(grpc.aio.AioRpcError):
        await deck.ingest.Publish(request, timeout=0.2)
    bus.turn.set()


async def test_what_readers_got_is_in_history_though_the_publisher_gave_up(store):
    bus = SlowBus()
    async with open_deck(store, bus) as deck:
        await deck.instruments.UpsertInstrument(upsert())
        await given_up(deck, bus, PublishRequest(quotes=[quotes([1, 2])]))
        await until(lambda: quotes_stored(deck), lambda sequence: sequence == [1, 2])


async def test_a_publisher_that_gave_up_and_asks_again_publishes_once(store):
    bus = SlowBus()
    async with open_deck(store, bus) as deck:
        await deck.instruments.UpsertInstrument(upsert())
        request = PublishRequest(quotes=[quotes([1, 2])], request_id="a")
        await given_up(deck, bus, request)
        answer = await deck.ingest.Publish(request)
        assert answer.acknowledgements[0].first_sequence == 1


async def test_numbers_that_the_bus_did_not_take_are_a_hole_of_history(store):
    bus = SlowBus()
    bus.turn.set()
    async with open_deck(store, bus) as deck:
        await deck.instruments.UpsertInstrument(upsert())
        bus.is_away = True
        code, reason, _ = await refusal(
            deck.ingest.Publish(PublishRequest(quotes=[quotes([1, 2])]))
        )
        assert (code, reason) == (grpc.StatusCode.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE")
        bus.is_away = False
        answer = await deck.ingest.Publish(PublishRequest(quotes=[quotes([3])]))
        assert answer.acknowledgements[0].first_sequence == 3
    row = await store.fetchrow("SELECT topic, first_sequence, last_sequence FROM marketdata.hole")
    assert tuple(row) == ("quotes/AAPL.XNAS", 1, 2)


async def test_every_row_is_stored_once_when_connections_break(open_area, store, dsn):
    """The outcome of a broken commit is unknown: the write is repeated and finds its own rows."""
    rounds = 30
    killer = await asyncpg.connect(dsn)
    async with open_area() as deck:
        for number in range(rounds):
            await deck.ingest.Publish(PublishRequest(quotes=[quotes(range(1, 501))]))
            if number % 3 == 0:
                await killer.execute(
                    """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND pid <> pg_backend_pid()"""
                )
    counts = await killer.fetchrow(
        "SELECT count(*) AS rows, count(DISTINCT sequence) AS numbers FROM marketdata.quote"
    )
    await killer.close()
    assert tuple(counts) == (rounds * 500, rounds * 500)
