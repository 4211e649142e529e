"""A call carries a token, is repeated where that is safe, and fails with a typed error."""

import asyncio
import time

import pytest
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2
from tests.unit.sdk.deck import EXPIRED, TOPIC, Deck, answer, event, failure
from tests.unit.sdk.scripts import script

import quarterdeck
from quarterdeck import AsyncClient, Subscription, async_pages
from quarterdeck.api.marketdata.v1.instrument_pb2 import Instrument

UNAVAILABLE = failure(code_pb2.UNAVAILABLE, "no database", "DEPENDENCY_UNAVAILABLE")


def retry_info(seconds: float) -> error_details_pb2.RetryInfo:
    info = error_details_pb2.RetryInfo()
    info.retry_delay.FromNanoseconds(int(seconds * 1e9))
    return info


async def test_a_call_answers_with_the_message_of_the_contract(client: AsyncClient) -> None:
    found = await client.instruments.get_instrument(instrument="AAPL.XNAS")
    assert found.instrument.instrument == "AAPL.XNAS"


async def test_one_token_serves_many_calls(deck: Deck, client: AsyncClient) -> None:
    calls = (client.instruments.get_instrument(instrument=f"I{i}.X") for i in range(20))
    await asyncio.gather(*calls)
    assert deck.auth.issued == 1


async def test_a_token_is_renewed_before_it_expires(deck: Deck, client: AsyncClient) -> None:
    deck.auth.lifetime = 0.2
    await client.instruments.get_instrument(instrument="AAPL.XNAS")
    deadline = time.monotonic() + 5
    while not deck.auth.refreshed and time.monotonic() < deadline:
        await client.instruments.get_instrument(instrument="AAPL.XNAS")
    assert (deck.auth.issued, deck.auth.refreshed) == (1, 1)


async def test_an_expired_token_is_replaced_once_and_the_call_repeated(
    deck: Deck, client: AsyncClient
) -> None:
    deck.instruments.failures = [EXPIRED]
    await client.instruments.get_instrument(instrument="AAPL.XNAS")
    assert deck.instruments.calls == 2
    deck.instruments.failures = [EXPIRED, EXPIRED]
    with pytest.raises(quarterdeck.NotAuthenticated):
        await client.instruments.get_instrument(instrument="AAPL.XNAS")


async def test_a_refresh_token_that_fails_gives_way_to_the_credential(
    deck: Deck, client: AsyncClient
) -> None:
    await client.instruments.get_instrument(instrument="AAPL.XNAS")
    deck.auth.refresh_tokens.clear()
    deck.auth.valid.clear()
    await client.instruments.get_instrument(instrument="AAPL.XNAS")
    assert (deck.auth.issued, deck.auth.refreshed) == (2, 0)


async def test_a_wrong_key_is_said_so(deck: Deck) -> None:
    async with AsyncClient(deck.address, api_key="wrong") as client:
        with pytest.raises(quarterdeck.NotAuthenticated) as raised:
            await client.instruments.get_instrument(instrument="AAPL.XNAS")
    assert raised.value.reason == "CREDENTIALS_INVALID"


async def test_a_password_signs_in(deck: Deck) -> None:
    async with AsyncClient(deck.address, password=("ada", "secret")) as client:
        await client.instruments.get_instrument(instrument="AAPL.XNAS")


async def test_without_a_credential_nothing_is_sent(deck: Deck) -> None:
    async with AsyncClient(deck.address) as client:
        with pytest.raises(quarterdeck.NotAuthenticated, match="no api_key or password"):
            await client.instruments.get_instrument(instrument="AAPL.XNAS")
    assert deck.instruments.calls == 0


async def test_a_read_is_repeated_when_the_deck_was_away(deck: Deck, client: AsyncClient) -> None:
    deck.instruments.failures = [UNAVAILABLE, UNAVAILABLE]
    await client.instruments.search_instruments(query="apple")
    assert deck.instruments.calls == 3


async def test_a_write_that_may_not_be_repeated_is_not(deck: Deck, client: AsyncClient) -> None:
    with pytest.raises(quarterdeck.ServerError):
        await client.connections.broadcast_notice(text="hello")
    await deck.kill()
    started = time.monotonic()
    with pytest.raises(quarterdeck.Unavailable):
        await client.connections.broadcast_notice(text="hello")
    assert time.monotonic() - started < 1.0


async def test_the_server_says_when_to_come_back(deck: Deck, client: AsyncClient) -> None:
    full = failure(code_pb2.RESOURCE_EXHAUSTED, "slow down", "LIMIT_EXCEEDED", retry_info(0.3))
    deck.instruments.failures = [full]
    started = time.monotonic()
    await client.instruments.get_instrument(instrument="AAPL.XNAS")
    assert time.monotonic() - started >= 0.3


async def test_a_wait_longer_than_the_timeout_is_not_waited(
    deck: Deck, client: AsyncClient
) -> None:
    full = failure(code_pb2.RESOURCE_EXHAUSTED, "slow down", "LIMIT_EXCEEDED", retry_info(60))
    deck.instruments.failures = [full]
    with pytest.raises(quarterdeck.RateLimited) as raised:
        await client.instruments.get_instrument(instrument="AAPL.XNAS", timeout=1.0)
    assert raised.value.retry_after == 60


async def test_a_late_answer_is_a_deadline(deck: Deck, client: AsyncClient) -> None:
    deck.instruments.delay = 5.0
    with pytest.raises(quarterdeck.DeadlineExceeded):
        await client.instruments.get_instrument(instrument="AAPL.XNAS", timeout=0.1)
    assert deck.instruments.calls == 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (code_pb2.INVALID_ARGUMENT, quarterdeck.InvalidRequest),
        (code_pb2.UNAUTHENTICATED, quarterdeck.NotAuthenticated),
        (code_pb2.PERMISSION_DENIED, quarterdeck.NotAllowed),
        (code_pb2.NOT_FOUND, quarterdeck.NotFound),
        (code_pb2.ALREADY_EXISTS, quarterdeck.AlreadyExists),
        (code_pb2.FAILED_PRECONDITION, quarterdeck.NotPossibleNow),
        (code_pb2.ABORTED, quarterdeck.Conflict),
        (code_pb2.RESOURCE_EXHAUSTED, quarterdeck.RateLimited),
        (code_pb2.INTERNAL, quarterdeck.ServerError),
    ],
)
async def test_every_status_has_its_class(
    deck: Deck, client: AsyncClient, code: int, expected: type[quarterdeck.QuarterdeckError]
) -> None:
    details: list[Message] = [error_details_pb2.RequestInfo(request_id="r-1")]
    refused = failure(code, "no", "CREDENTIALS_INVALID", *details, name="x")
    deck.instruments.failures = [refused]
    with pytest.raises(expected) as raised:
        await client.instruments.upsert_instrument(instrument=Instrument())
    error = raised.value
    assert type(error) is expected
    assert (error.message, error.request_id, error.metadata) == ("no", "r-1", {"name": "x"})


async def test_fields_at_fault_are_named(deck: Deck, client: AsyncClient) -> None:
    bad = error_details_pb2.BadRequest()
    bad.field_violations.add(field="instrument", description="must have 3 characters")
    deck.instruments.failures = [failure(code_pb2.INVALID_ARGUMENT, "no", "FIELD_INVALID", bad)]
    with pytest.raises(quarterdeck.InvalidRequest) as raised:
        await client.instruments.get_instrument(instrument="A")
    fields = [(f.field, f.problem) for f in raised.value.fields]
    assert fields == [("instrument", "must have 3 characters")]


async def test_pages_are_followed_to_the_last(client: AsyncClient) -> None:
    pages = async_pages(client.instruments.list_instruments, page_size=1)
    names = [page.instruments[0].instrument async for page in pages]
    assert names == ["I0.X", "I1.X", "I2.X"]


async def test_a_plain_stream_is_read_to_its_end(deck: Deck, client: AsyncClient) -> None:
    deck.streams.scripts.append(script(answer(event(1)), answer(event(2))))
    wanted = [Subscription(topic=TOPIC)]
    answers = [a async for a in client.stream.watch(subscriptions=wanted)]
    assert [a.events[0].sequence for a in answers] == [1, 2]


async def test_a_plain_stream_gets_another_token_before_its_first_answer_only(
    deck: Deck, client: AsyncClient
) -> None:
    deck.streams.scripts += [
        script(status=EXPIRED),
        script(answer(event(1)), status=EXPIRED),
    ]
    answers = client.stream.watch(subscriptions=[Subscription(topic=TOPIC)])
    assert (await anext(answers)).events[0].sequence == 1
    with pytest.raises(quarterdeck.NotAuthenticated):
        await anext(answers)
    assert deck.auth.issued + deck.auth.refreshed == 2
