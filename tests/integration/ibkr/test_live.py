"""Live market data of Interactive Brokers, read from a fake TWS."""

import time
from dataclasses import replace
from decimal import Decimal

import pytest
from tests.integration.ibkr.reading import running, until
from tests.integration.ibkr.tws import AAPL

from quarterdeck_server.adapters.ibkr import library
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.source import LiveOptions

NS = 1_000_000_000


async def test_contract_details_describe_an_instrument(tws, source):
    names = ("AAPL.XNAS", "EUR/USD.IDEALPRO", "ESZ6.XCME")
    feed = await source.connect(LiveOptions(names))
    share, pair, future = feed.instruments
    await feed.close()
    assert (share.display_name, share.currency, share.price_increment) == (
        "APPLE INC",
        "USD",
        Decimal("0.01"),
    )
    assert (pair.base_currency, pair.currency, pair.precisions) == ("EUR", "USD", (5, 2))
    assert (future.instrument_class.name, future.multiplier) == ("FUTURE", Decimal(50))


async def test_an_unknown_instrument_is_named_by_its_place(tws, source):
    with pytest.raises(InvalidField, match=r"live.instruments\[1\] is not known") as raised:
        await source.connect(LiveOptions(("AAPL.XNAS", "NOBODY.XNAS")))
    assert raised.value.field == "live.instruments[1]"


async def test_an_instrument_that_may_be_several_contracts_is_told_with_their_numbers(
    tws, source, settings
):
    tws.securities = [AAPL, replace(AAPL, con_id=7, name="APPLE, ELSEWHERE")]
    with pytest.raises(InvalidField, match=r"may be 2 contracts \(265598, 7\).*CONTRACTS"):
        await source.connect(LiveOptions(("AAPL.XNAS",)))
    known = settings.model_copy(update={"contracts": {"AAPL.XNAS": 7}})
    feed = await type(source)(known, source._clock).connect(LiveOptions(("AAPL.XNAS",)))
    await feed.close()
    assert feed.instruments[0].display_name == "APPLE, ELSEWHERE"


async def test_what_no_instrument_can_be_is_refused(tws, source):
    tws.securities = [replace(AAPL, min_tick=0.0)]
    with pytest.raises(InvalidField, match=r"live.instruments\[0\] is described so that it cannot"):
        await source.connect(LiveOptions(("AAPL.XNAS",)))
    tws.securities = [replace(AAPL, kind="OPT")]
    settings = source._settings.model_copy(update={"contracts": {"AAPL.XNAS": AAPL.con_id}})
    with pytest.raises(InvalidField, match="is no share, pair, future or index"):
        await type(source)(settings, source._clock).connect(LiveOptions(("AAPL.XNAS",)))


async def test_a_bid_and_an_offer_make_a_quote(tws, source):
    async with running(source, "AAPL.XNAS") as reader:
        tws.quote("AAPL", 150.01, 150.02, 300)
        (quotes,) = await reader.rows("quotes/AAPL.XNAS")
        assert (quotes.bid_price[0], quotes.ask_price[0]) == (1_500_100, 1_500_200)
        assert quotes.bid_size[0] == 300
        assert abs(quotes.event_time_ns[0] - time.time_ns()) < 5 * NS
        tws.quote_size("AAPL", 500)
        await reader.rows("quotes", 2)
        assert reader.batches[-1].bid_size[-1] == 500


async def test_sides_that_cross_for_a_moment_are_no_quote(tws, source):
    async with running(source, "AAPL.XNAS") as reader:
        tws.quote("AAPL", 150.01, 150.02)
        await reader.rows("quotes")
        (session, request), *_ = tws.requests("quotes", "AAPL")
        session.send(1, 6, request, 1, 150.05, 100, 1)
        await session.writer.drain()
        session.send(1, 6, request, 2, 150.06, 100, 1)
        await reader.rows("quotes", 2)
    assert all((batch.bid_price <= batch.ask_price).all() for batch in reader.batches)


async def test_trades_come_one_by_one_and_beyond_the_limit_aggregated(tws, source, settings):
    now = int(time.time()) + 1
    names = ("AAPL.XNAS", "MSFT.XNAS")
    settings = settings.model_copy(update={"tick_by_tick": 1})
    source = type(source)(settings, source._clock)
    async with running(source, *names, quotes=False, trades=True) as reader:
        tws.trade("AAPL", 150.005, 7, now)
        tws.last("MSFT", 300.0, 9, now * 1_000)
        (one,) = await reader.rows("trades/AAPL.XNAS")
        (aggregated,) = await reader.rows("trades/MSFT.XNAS")
    assert (one.price[0], one.size[0], one.event_time_ns[0]) == (1_500_050, 7, now * NS)
    assert (aggregated.price[0], aggregated.size[0]) == (3_000_000, 9)


async def test_real_time_bars_close_five_seconds_after_they_began(tws, source):
    async with running(source, "AAPL.XNAS", quotes=False, bar_interval="5s") as reader:
        tws.bar("AAPL", 1_767_625_200, (150.0, 151.0, 149.0, 150.5), 1_000)
        (bars,) = await reader.rows("bars/5s/AAPL.XNAS")
    assert bars.close_time_ns[0] == 1_767_625_205 * NS
    assert (bars.open[0], bars.high[0], bars.low[0], bars.close[0]) == (150.0, 151.0, 149.0, 150.5)
    assert bars.volume[0] == 1_000


async def test_a_row_that_cannot_be_right_is_withheld_and_the_others_published(tws, source):
    async with running(source, "AAPL.XNAS", quotes=False, bar_interval="5s") as reader:
        good = (150.0, 151.0, 149.0, 150.5)
        tws.bar("AAPL", 1_767_625_200, good, 1)
        tws.bar("AAPL", 1_767_625_205, (150.0, 140.0, 149.0, 150.5), 1)
        tws.bar("AAPL", 1_767_625_210, good, 1)
        batches = await reader.rows("bars", 2)
    times = [int(time_ns) // NS for batch in batches for time_ns in batch.close_time_ns]
    assert times == [1_767_625_205, 1_767_625_215]


async def test_delayed_data_come_where_the_user_asks_for_them(tws, source, settings):
    tws.only_delayed.add("MSFT")
    delayed = settings.model_copy(update={"market_data": "delayed"})
    async with running(type(source)(delayed, source._clock), "MSFT.XNAS") as reader:
        tws.quote("MSFT", 299.0, 301.0)
        assert await reader.rows("quotes/MSFT.XNAS")


async def test_market_data_without_a_subscription_are_refused_by_name(tws, source):
    tws.without_market_data.add("MSFT")
    with pytest.raises(InvalidField, match=r"quotes of MSFT.XNAS: .*not subscribed.*\(354\)"):
        await source.connect(LiveOptions(("AAPL.XNAS", "MSFT.XNAS")))


async def test_what_a_class_never_has_is_refused(tws, source):
    with pytest.raises(InvalidField, match="currency pair, which has none"):
        await source.connect(LiveOptions(("EUR/USD.IDEALPRO",), quotes=False, trades=True))
    with pytest.raises(InvalidField, match=r"live.bar_interval must be 5s or empty, was 1m"):
        await source.connect(LiveOptions(("AAPL.XNAS",), bar_interval="1m"))


async def test_the_source_says_what_it_lacks(settings, source):
    assert source.missing_setting == ""
    nowhere = type(source)(settings.model_copy(update={"host": ""}), source._clock)
    assert nowhere.missing_setting == "QUARTERDECK_MARKETDATA__IBKR__HOST"
    assert library.installed() in library.NAMES


def levels(book):
    bids = dict(zip(book.bid_price.tolist(), book.bid_size.tolist(), strict=True))
    return bids | dict(zip(book.ask_price.tolist(), book.ask_size.tolist(), strict=True))


async def test_a_book_is_published_whole_and_then_by_its_changes(tws, source):
    async with running(source, "AAPL.XNAS", quotes=False, book_depth=3) as reader:
        tws.book("AAPL", 150.0, 3)
        (book,) = await reader.rows("books/AAPL.XNAS")
        assert book.bid_price.tolist() == [1_499_900, 1_499_800, 1_499_700]
        assert book.ask_size.tolist() == [100, 200, 300]
        # Another market maker at the best price, and a level that goes.
        tws.level("AAPL", 1, 0, 1, 149.99, 50)
        tws.level("AAPL", 2, 2, 0, 0, 0)
        (deltas,) = await reader.rows("deltas/AAPL.XNAS", 2)
    known = levels(book)
    for side, price, size in zip(deltas.side, deltas.price, deltas.size, strict=True):
        assert side in {1, 2}
        known[int(price)] = int(size)
    assert known[1_499_900] == 150
    assert known[1_500_300] == 0


async def test_a_book_that_is_void_is_published_whole_again(tws, source):
    async with running(source, "AAPL.XNAS", quotes=False, book_depth=2) as reader:
        tws.book("AAPL", 150.0, 2)
        await reader.rows("books")
        (session, request), *_ = tws.requests("books", "AAPL")
        session.error(request, 317, "Market depth data has been RESET.")
        tws.book("AAPL", 151.0, 2)
        _, book = await reader.rows("books", 2)
    assert book.bid_price.tolist() == [1_509_900, 1_509_800]
    assert reader.of("deltas") == []


async def test_a_change_of_a_book_that_cannot_be_reads_the_book_anew(tws, source):
    async with running(source, "AAPL.XNAS", quotes=False, book_depth=2) as reader:
        tws.book("AAPL", 150.0, 2)
        await reader.rows("books")
        (_, before), *_ = tws.requests("books", "AAPL")
        tws.level("AAPL", 0, 1, 1, float("nan"), 100)
        await until(lambda: [number for _, number in tws.requests("books", "AAPL")] > [before])
        tws.book("AAPL", 151.0, 2)
        _, book = await reader.rows("books", 2)
    assert book.ask_price.tolist() == [1_510_100, 1_510_200]


async def test_a_halt_is_published_and_its_end_even_after_a_new_connection(tws, source):
    async with running(source, "AAPL.XNAS") as reader:
        tws.halt("AAPL", 0)
        tws.halt("AAPL", 2)
        (halted,) = await reader.rows("statuses/AAPL.XNAS")
        assert halted.phase.name == "HALTED"
    async with running(source, "AAPL.XNAS") as reader:
        tws.halt("AAPL", 0)
        (opened,) = await reader.rows("statuses/AAPL.XNAS")
        assert opened.phase.name == "OPEN"
