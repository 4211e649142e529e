"""Interactive Brokers as a source of the deck: started, failed, going on, backfilled."""

import asyncio

import grpc
import pytest
import uvloop
from tests.integration.ibkr.reading import running
from tests.integration.ibkr.tws import FakeTws
from tests.integration.marketdata.requests import refusal, until

from quarterdeck.api.marketdata.v1 import source_pb2 as pb
from quarterdeck.api.marketdata.v1 import source_service_pb2 as rpc
from quarterdeck.api.marketdata.v1.history_service_pb2 import ListBarsRequest, ListQuotesRequest
from quarterdeck_server.adapters.ibkr.source import IbkrSource
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.source_settings import IbkrSettings

NAME = "sources/ibkr"
LIVE = pb.LiveOptions(instruments=["AAPL.XNAS"], quotes=True)


@pytest.fixture
async def tws():
    fake = FakeTws()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def source(tws) -> IbkrSource:
    return IbkrSource(IbkrSettings(host="127.0.0.1", port=tws.port), SystemClock())


async def state(deck) -> pb.Source:
    return (await deck.sources.GetSource(rpc.GetSourceRequest(name=NAME))).source


async def quoted(deck) -> int:
    asked = ListQuotesRequest(instrument="AAPL.XNAS")
    return len((await deck.history.ListQuotes(asked)).quotes.event_time_ns)


async def test_it_publishes_and_goes_on_after_the_nightly_restart(open_area, tws, source):
    async with open_area(source) as deck:
        started = await deck.sources.StartSource(rpc.StartSourceRequest(name=NAME, live=LIVE))
        assert started.source.state == pb.SOURCE_STATE_RUNNING
        tws.quote("AAPL", 150.0, 150.01)
        await until(lambda: quoted(deck), lambda count: count == 1)
        await tws.stop()
        failed = await until(lambda: state(deck), lambda now: now.state == pb.SOURCE_STATE_FAILED)
        assert "TWS" in failed.failure
        await tws.start()
        await until(lambda: state(deck), lambda now: now.state == pb.SOURCE_STATE_RUNNING)
        tws.quote("AAPL", 151.0, 151.01)
        await until(lambda: quoted(deck), lambda count: count == 2)


async def test_an_unknown_instrument_fails_the_call_and_starts_nothing(open_area, tws, source):
    async with open_area(source) as deck:
        live = pb.LiveOptions(instruments=["AAPL.XNAS", "NOBODY.XNAS"], quotes=True)
        call = deck.sources.StartSource(rpc.StartSourceRequest(name=NAME, live=live))
        code, reason, metadata = await refusal(call)
        assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
        assert metadata["field"] == "live.instruments[1]"
        assert (await state(deck)).state == pb.SOURCE_STATE_STOPPED


async def test_it_is_listed_with_what_it_lacks(open_area):
    async with open_area(IbkrSource(IbkrSettings(), SystemClock())) as deck:
        listed = await state(deck)
        assert listed.missing_setting == "QUARTERDECK_MARKETDATA__IBKR__HOST"
        assert list(listed.capabilities) == [
            pb.SOURCE_CAPABILITY_PUBLISH,
            pb.SOURCE_CAPABILITY_BACKFILL_BARS,
        ]
        assert (listed.quotas[0].limit, listed.quotas[0].remaining) == (60, 60)
        call = deck.sources.StartSource(rpc.StartSourceRequest(name=NAME, live=LIVE))
        assert (await refusal(call))[1] == "STATE_FORBIDS"


async def test_a_backfill_brings_its_bars_into_history(open_area, tws, source):
    async with open_area(source) as deck:
        await deck.sources.StartSource(rpc.StartSourceRequest(name=NAME, live=LIVE))
        bars = rpc.BarBackfill(instruments=["AAPL.XNAS"], interval="1h")
        bars.start_time.FromJsonString("2026-02-01T00:00:00Z")
        bars.end_time.FromJsonString("2026-02-03T00:00:00Z")
        await deck.sources.BackfillSource(rpc.BackfillSourceRequest(name=NAME, bars=bars))
        asked = ListBarsRequest(instrument="AAPL.XNAS", interval="1h")

        async def count() -> int:
            return len((await deck.history.ListBars(asked)).bars.close_time_ns)

        await until(count, lambda rows: rows == 48)


async def test_it_reads_where_uvloop_runs():
    """The deck's loop is not the thread's, for which one of the libraries asks."""

    async def read() -> int:
        tws = FakeTws()
        await tws.start()
        settings = IbkrSettings(host="127.0.0.1", port=tws.port)
        async with running(IbkrSource(settings, SystemClock()), "AAPL.XNAS") as reader:
            tws.quote("AAPL", 150.0, 150.01)
            rows = await reader.rows("quotes")
        await tws.stop()
        return len(rows)

    assert await asyncio.to_thread(uvloop.run, read()) == 1
