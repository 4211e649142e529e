"""Reading history: ranges, pages in both directions, and every column as it was published."""

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.instruments import upsert
from tests.integration.marketdata.requests import START_NS, bars, quotes, refusal, trades, until
from tests.unit.marketdata.batches import ints

from quarterdeck.api.marketdata.v1.history_service_pb2 import (
    ListBarsRequest,
    ListQuotesRequest,
    ListTradesRequest,
)
from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishRequest
from quarterdeck_server.marketdata.domain.columns import Quotes
from quarterdeck_server.marketdata.ports import Sequenced
from quarterdeck_server.marketdata.store.history import PostgresHistoryStore

BARS = ListBarsRequest(instrument="AAPL.XNAS", interval="1d")
QUOTES = ListQuotesRequest(instrument="AAPL.XNAS")
TRADES = ListTradesRequest(instrument="AAPL.XNAS")


def at(offset):
    return Timestamp(seconds=START_NS // 10**9, nanos=offset)


def with_(request, **values):
    made = type(request)()
    made.CopyFrom(request)
    made.MergeFrom(type(request)(**values))
    return made


async def pages(call, request):
    """Return every page, following the tokens."""
    answers = [await call(request)]
    while token := answers[-1].next_page_token:
        answers.append(await call(with_(request, page_token=token)))
    return answers


@pytest.fixture(autouse=True)
async def _prices(deck):
    await deck.instruments.UpsertInstrument(upsert())
    await deck.instruments.UpsertInstrument(upsert("IBM.XNYS"))
    request = PublishRequest(
        quotes=[quotes([1, 2, 2, 3, 5]), quotes([1], "IBM.XNYS")],
        trades=[trades([1, 2, 3], ["a", "é", ""])],
        bars=[bars([1, 2, 3, 4, 5])],
    )
    await deck.ingest.Publish(request)

    async def last():
        answer = await deck.history.ListBars(BARS)
        return len(answer.bars.close)

    await until(last, lambda rows: rows == 5)


async def test_quotes_come_back_as_they_were_published(deck):
    answer = await deck.history.ListQuotes(QUOTES)
    assert answer.quotes == quotes([1, 2, 2, 3, 5])
    assert list(answer.sequence) == [1, 2, 3, 4, 5]


async def test_trades_come_back_as_they_were_published(deck):
    answer = await deck.history.ListTrades(TRADES)
    assert answer.trades == trades([1, 2, 3], ["a", "é", ""])


async def test_bars_come_back_as_they_were_published(deck):
    assert (await deck.history.ListBars(BARS)).bars == bars([1, 2, 3, 4, 5])


async def test_a_range_includes_its_start_and_excludes_its_end(deck):
    request = with_(QUOTES, start_time=at(2), end_time=at(5))
    answer = await deck.history.ListQuotes(request)
    assert [ns - START_NS for ns in answer.quotes.event_time_ns] == [2, 2, 3]


async def test_an_empty_range_has_no_rows_and_no_next_page(deck):
    answer = await deck.history.ListQuotes(with_(QUOTES, start_time=at(100)))
    assert (len(answer.sequence), answer.next_page_token) == (0, "")


async def test_a_range_that_ends_before_it_starts_is_refused(deck):
    request = with_(BARS, start_time=at(5), end_time=at(5))
    assert (await refusal(deck.history.ListBars(request)))[2]["field"] == "end_time"


async def test_pages_follow_each_other_without_loss_or_repetition(deck):
    answers = await pages(deck.history.ListQuotes, with_(QUOTES, page_size=2))
    assert [list(answer.sequence) for answer in answers] == [[1, 2], [3, 4], [5]]


async def test_newest_first_goes_back_in_time_with_each_page_oldest_first(deck):
    request = with_(QUOTES, page_size=2, newest_first=True)
    answers = await pages(deck.history.ListQuotes, request)
    assert [list(answer.sequence) for answer in answers] == [[4, 5], [2, 3], [1]]


async def test_bars_have_pages_in_both_directions(deck):
    for newest_first, expected in ((False, [[1, 2], [3, 4], [5]]), (True, [[4, 5], [2, 3], [1]])):
        request = with_(BARS, page_size=2, newest_first=newest_first)
        answers = await pages(deck.history.ListBars, request)
        times = [[ns - START_NS for ns in answer.bars.close_time_ns] for answer in answers]
        assert times == expected


async def test_trades_have_pages(deck):
    answers = await pages(deck.history.ListTrades, with_(TRADES, page_size=1))
    assert [list(answer.trades.price) for answer in answers] == [[10_001], [10_002], [10_003]]


@pytest.mark.parametrize("change", [{"instrument": "IBM.XNYS"}, {"newest_first": True}])
async def test_a_token_of_another_query_is_refused(deck, change):
    token = (await deck.history.ListQuotes(with_(QUOTES, page_size=2))).next_page_token
    request = ListQuotesRequest(**{"instrument": "AAPL.XNAS", "page_token": token, **change})
    assert (await refusal(deck.history.ListQuotes(request)))[1] == "PAGE_TOKEN_INVALID"


@pytest.mark.parametrize("rpc", ["ListBars", "ListQuotes", "ListTrades"])
async def test_an_unknown_instrument_is_not_found(deck, rpc):
    request = {"ListBars": BARS, "ListQuotes": QUOTES, "ListTrades": TRADES}[rpc]
    call = getattr(deck.history, rpc)(with_(request, instrument="NOPE.XNAS"))
    _, reason, metadata = await refusal(call)
    assert (reason, metadata["field"]) == ("INSTRUMENT_NOT_FOUND", "instrument")


async def test_a_bar_that_comes_again_replaces_the_first(deck):
    await deck.ingest.Publish(PublishRequest(bars=[bars([3], close=9.5), bars([3], close=9.75)]))

    async def third():
        return (await deck.history.ListBars(BARS)).bars.close[2]

    await until(third, lambda close: close == 9.75)


async def test_writing_a_batch_again_changes_nothing(store, deck):
    """A write whose outcome is unknown is repeated; its rows are then the same rows."""
    now_ns = deck.shared.clock.now_ns()
    columns = (ints(7, 8), ints(1, 2), ints(2, 3), ints(1, 1), ints(1, 1))
    item = Sequenced(Quotes("IBM.XNYS", 2, 0, *columns), 9, 1, now_ns)
    number = await store.fetchval(
        "SELECT id FROM marketdata.instrument WHERE instrument = 'IBM.XNYS'"
    )
    history = PostgresHistoryStore(store, lambda _: number)
    for again in (False, True, True):
        await history.write([item], [], again=again)
    rows = await store.fetch(
        "SELECT sequence FROM marketdata.quote WHERE instrument_id = $1 AND epoch = 9", number
    )
    assert [row["sequence"] for row in rows] == [1, 2]
