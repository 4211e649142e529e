"""Publishing request after request on one call, within a limit, and what is streamed only."""

import asyncio
from datetime import timedelta

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from tests.instruments import upsert
from tests.integration.marketdata.requests import START_NS, quotes, refusal, trades, until

from quarterdeck.api.marketdata.v1 import book_pb2, status_pb2
from quarterdeck.api.marketdata.v1.history_service_pb2 import ListQuotesRequest
from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishRequest, PublishStreamRequest

ADA = (("authorization", "Bearer ada"),)


@pytest.fixture(autouse=True)
async def _apple(deck):
    await deck.instruments.UpsertInstrument(upsert())


def published(deck, *requests, token=ADA):
    return deck.ingest.PublishStream(iter(requests), metadata=token)


async def test_a_stream_of_requests_is_answered_with_where_each_topic_stands(deck):
    first = PublishStreamRequest(quotes=[quotes([1, 2])], trades=[trades([1])])
    answer = await published(deck, first, PublishStreamRequest(quotes=[quotes([3])]))
    spans = [(a.topic, a.first_sequence, a.last_sequence) for a in answer.acknowledgements]
    assert (answer.requests, answer.rows) == (2, 4)
    assert spans == [("quotes/AAPL.XNAS", 1, 3), ("trades/AAPL.XNAS", 1, 1)]

    async def stored():
        found = await deck.history.ListQuotes(ListQuotesRequest(instrument="AAPL.XNAS"))
        return list(found.sequence)

    await until(stored, lambda sequence: sequence == [1, 2, 3])


async def test_a_bad_request_ends_the_call_and_says_how_many_were_published(deck):
    good, bad = PublishStreamRequest(quotes=[quotes([1])]), PublishStreamRequest()
    bad.quotes.append(quotes([1, 2, 3], bid_price=[1, 2, 99_999]))
    code, reason, metadata = await refusal(published(deck, good, good, bad, good))
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    assert metadata == {"field": "quotes[0].bid_price[2]", "accepted_requests": "2"}
    after = await deck.ingest.Publish(PublishRequest(quotes=[quotes([1])]))
    assert after.acknowledgements[0].first_sequence == 3


async def test_rules_of_the_contract_and_tokens_hold_for_streams_too(deck):
    no_name = PublishStreamRequest(quotes=[quotes([1], name="")])
    _, reason, metadata = await refusal(published(deck, no_name))
    assert (reason, metadata["field"]) == ("FIELD_INVALID", "quotes[0].instrument")
    assert (await refusal(published(deck, no_name, token=())))[1] == "TOKEN_MISSING"


async def test_a_request_that_is_repeated_on_a_stream_is_published_once(deck):
    request = PublishStreamRequest(quotes=[quotes([1])], request_id="a")
    answer = await published(deck, request, request)
    assert (answer.requests, answer.acknowledgements[0].last_sequence) == (2, 1)
    unary = PublishRequest(quotes=[quotes([1])], request_id="a")
    assert (await deck.ingest.Publish(unary)).acknowledgements[0].last_sequence == 1


async def test_times_of_the_far_future_are_refused_and_named(deck):
    request = PublishRequest(quotes=[quotes([1, 2])])
    request.quotes[0].event_time_ns[1] = 2 * 10**18 * 2
    _, reason, metadata = await refusal(deck.ingest.Publish(request))
    assert (reason, metadata["field"]) == ("FIELD_INVALID", "quotes[0].event_time_ns[1]")


async def test_a_publisher_that_floods_is_told_when_to_come_back(open_area):
    async with open_area(publish_rows_per_second=100, publish_burst=timedelta(seconds=1)) as deck:
        request = PublishStreamRequest(quotes=[quotes(range(1, 151))])
        call = published(deck, request, request)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        retry, quota, info = (
            error_details_pb2.RetryInfo(),
            error_details_pb2.QuotaFailure(),
            error_details_pb2.ErrorInfo(),
        )
        for detail in rpc_status.from_call(caught.value).details:
            for message in (retry, quota, info):
                if detail.Is(message.DESCRIPTOR):
                    detail.Unpack(message)
        assert (info.reason, info.metadata["accepted_requests"]) == ("LIMIT_EXCEEDED", "1")
        assert quota.violations[0].subject == "rows per second"
        assert 0 < retry.retry_delay.ToMilliseconds() < 1_000


async def test_a_publisher_is_held_up_while_the_bus_is_slow(deck, monkeypatch):
    """Flow control, not memory: what is not on the bus yet keeps the next request unread."""
    taken, turn = [], asyncio.Event()
    publish = deck.bus.publish

    async def slow(messages):
        await turn.wait()
        await publish(messages)

    monkeypatch.setattr(deck.bus, "publish", slow)
    batch = quotes(range(1, 20_001))

    async def requests():
        for number in range(60):
            taken.append(number)
            yield PublishStreamRequest(quotes=[batch])

    call = deck.ingest.PublishStream(requests(), metadata=ADA)
    await until(_length(taken), lambda length: length > 1)
    seen = 0
    while seen != len(taken):  # until it stands still
        seen = len(taken)
        await asyncio.sleep(0.1)
    assert seen < 60
    call.cancel()


async def test_a_principal_publishes_on_so_many_streams_at_a_time(open_area):
    async with open_area(publish_streams_per_principal=1) as deck:
        request, turn = PublishStreamRequest(quotes=[quotes([1])]), asyncio.Event()

        async def held():
            yield request
            await turn.wait()

        first = deck.ingest.PublishStream(held(), metadata=ADA)
        await until(lambda: _published(deck), lambda rows: rows > 0)
        _, reason, metadata = await refusal(published(deck, request))
        assert (reason, metadata["limit"]) == ("LIMIT_EXCEEDED", "1")
        assert (await published(deck, request, token=(("authorization", "Bearer bob"),))).rows == 1
        turn.set()
        assert (await first).rows == 1
        assert (await published(deck, request)).rows == 1


async def _published(deck):
    async with deck.bus.subscribe(["quotes"], replay=timedelta(minutes=1)) as batches:
        return await asyncio.wait_for(anext(batches), 5) is not None


def _length(items):
    async def length():
        return len(items)

    return length


def status(phase, time=1):
    return status_pb2.InstrumentStatus(
        instrument="AAPL.XNAS", phase=phase, event_time_ns=START_NS + time
    )


async def test_books_deltas_and_statuses_are_streamed_as_they_came(deck):
    sizes = {"price_precision": 2, "bid_size": [1, 1], "ask_size": [1]}
    name = {"instrument": "AAPL.XNAS", "event_time_ns": START_NS}
    book = book_pb2.OrderBookSnapshot(**name, bid_price=[100, 99], ask_price=[101], **sizes)
    delta = book_pb2.OrderBookDeltaBatch(
        instrument="AAPL.XNAS",
        price_precision=2,
        event_time_ns=[START_NS],
        side=[book_pb2.BOOK_SIDE_BID],
        price=[100],
        size=[0],
    )
    request = PublishRequest(books=[book], deltas=[delta], statuses=[status(1)])
    answer = await deck.ingest.Publish(request)
    topics = [f"{kind}/AAPL.XNAS" for kind in ("books", "deltas", "statuses")]
    assert [each.topic for each in answer.acknowledgements] == topics
    async with deck.bus.subscribe(
        ["books", "deltas", "statuses"], replay=timedelta(minutes=1)
    ) as batches:
        messages = (await anext(batches)).messages
    assert [message.payload for message in messages] == [
        each.SerializeToString() for each in (book, delta, status(1))
    ]


async def test_what_one_halted_another_cannot_open_not_even_after_a_restart(deck, open_area):
    halted, opened = (PublishRequest(statuses=[status(phase)]) for phase in (3, 1))
    await deck.ingest.Publish(halted)
    async with open_area() as restarted:
        call = restarted.ingest.PublishStream(
            iter([PublishStreamRequest(statuses=[status(1)])]),
            metadata=(("authorization", "Bearer bob"),),
        )
        code, reason, metadata = await refusal(call)
        assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "STATE_FORBIDS")
        assert metadata["halted_by"] == "principals/ada"
        await restarted.ingest.Publish(opened)
        other = PublishStreamRequest(statuses=[status(2)])
        assert (await published(restarted, other, token=(("authorization", "Bearer bob"),))).rows
