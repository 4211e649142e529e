"""The replay source behind its service: starting, stopping, going on, ending, failing."""

import asyncio
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.integration.marketdata.requests import refusal, until

from quarterdeck.api.marketdata.v1 import source_pb2 as pb
from quarterdeck.api.marketdata.v1.history_service_pb2 import ListBarsRequest, ListQuotesRequest
from quarterdeck.api.marketdata.v1.instrument_service_pb2 import GetInstrumentRequest
from quarterdeck.api.marketdata.v1.source_service_pb2 import (
    GetSourceRequest,
    ListSourcesRequest,
    StartSourceRequest,
    StopSourceRequest,
)
from quarterdeck.api.stream.v1.notice_pb2 import Notice
from quarterdeck_server.adapters.replay.wiring import replay_source
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.source_settings import ReplaySettings

NAME = "sources/replay"
DAYS = [f"2024-01-{day:02d}" for day in (2, 3, 4, 5, 8, 9, 10, 11)]
LINES = ["date,open,high,low,close,volume", *(f"{day},10,11,9,10.5,100" for day in DAYS)]
INSTRUMENT = "TEST.XNAS"
TWICE_AS_FAST = {"quotes_per_second": 200.0}


@pytest.fixture
def replay(tmp_path):
    """Make the source with a good file in its folder."""
    (tmp_path / "days.csv").write_text("\n".join(LINES))

    def make(**settings):
        values = {"folder": tmp_path, "quotes_per_second": 100.0, **settings}
        return replay_source(ReplaySettings(**values), Compute())

    return make


def options(seconds_per_day=0.05, **values):
    values = {"dataset": "days.csv", "instrument": INSTRUMENT, "derive_quotes": True, **values}
    return pb.ReplayOptions(seconds_per_day=seconds_per_day, **values)


def start(**values):
    return StartSourceRequest(name=NAME, replay=options(**values))


def midnight(day):
    return Timestamp(seconds=int(datetime(2024, 1, day, tzinfo=UTC).timestamp()))


async def in_state(deck, *states):
    async def ask():
        return (await deck.sources.GetSource(GetSourceRequest(name=NAME))).source

    return await until(ask, lambda source: source.state in states)


async def played(deck, rows=1):
    async def ask():
        return (await deck.sources.GetSource(GetSourceRequest(name=NAME))).source

    return await until(ask, lambda source: source.published_rows >= rows)


async def test_it_plays_every_bar_and_quotes_within_them_to_the_end(open_area, replay):
    async with open_area(replay()) as deck:
        answer = await deck.sources.StartSource(start())
        assert (answer.source.state, answer.import_job) == (pb.SOURCE_STATE_RUNNING, "")
        ended = await in_state(deck, pb.SOURCE_STATE_ENDED)
        assert ended.replay.progress == 1
        assert ended.published_rows == len(DAYS) * 6
        request = ListBarsRequest(instrument=INSTRUMENT, interval="1d")

        async def closes():
            return list((await deck.history.ListBars(request)).bars.close)

        await until(closes, lambda found: found == [10.5] * len(DAYS))


async def test_quotes_lie_within_their_bar_and_the_instrument_says_they_are_derived(
    open_area, replay
):
    async with open_area(replay()) as deck:
        await deck.sources.StartSource(start())
        await in_state(deck, pb.SOURCE_STATE_ENDED)
    async with open_area() as deck:
        request = GetInstrumentRequest(instrument=INSTRUMENT)
        described = (await deck.instruments.GetInstrument(request)).instrument
        assert described.synthetic_microstructure
        stored = await deck.history.ListQuotes(ListQuotesRequest(instrument=INSTRUMENT))
        assert len(stored.sequence) == len(DAYS) * 5
        assert min(stored.quotes.bid_price) >= 899
        assert max(stored.quotes.ask_price) <= 1102


async def test_without_derived_quotes_there_are_bars_alone(open_area, replay):
    async with open_area(replay()) as deck:
        await deck.sources.StartSource(start(derive_quotes=False))
        ended = await in_state(deck, pb.SOURCE_STATE_ENDED)
        assert ended.published_rows == len(DAYS)


async def test_the_end_is_announced(open_area, replay):
    async with (
        open_area(replay()) as deck,
        deck.bus.subscribe(["notices"], replay=timedelta(0)) as notices,
    ):
        await deck.sources.StartSource(start(seconds_per_day=0.001))
        batch = await asyncio.wait_for(anext(notices), 10)
        assert batch.messages[0].topic == "notices/sources%2Freplay"
        assert "end of its data" in Notice.FromString(batch.messages[0].payload).text


async def test_bars_before_the_start_are_imported_by_a_job(open_area, replay):
    async with open_area(replay()) as deck:
        answer = await deck.sources.StartSource(start(start_time=midnight(8), seconds_per_day=60))
        async for job in deck.shared.jobs.watch(answer.import_job):
            done = job
        assert (done.state, done.note) == ("SUCCEEDED", "4 bars imported")
        assert done.owner == "principals/ada"
        bars = await deck.history.ListBars(ListBarsRequest(instrument=INSTRUMENT, interval="1d"))
        assert len(bars.bars.close) == 4


async def test_it_goes_on_where_it_was_after_a_restart(open_area, replay):
    async with open_area(replay(**TWICE_AS_FAST)) as deck:
        await deck.sources.StartSource(start(seconds_per_day=0.15))
        await played(deck, rows=40)
    async with open_area(replay(**TWICE_AS_FAST)) as deck:
        source = await in_state(deck, pb.SOURCE_STATE_RUNNING, pb.SOURCE_STATE_ENDED)
        assert source.replay.progress > 0
        ended = await in_state(deck, pb.SOURCE_STATE_ENDED)
        assert ended.published_rows == len(DAYS) * 31


async def test_history_has_every_quote_once_over_a_restart(open_area, replay):
    async with open_area(replay(**TWICE_AS_FAST)) as deck:
        await deck.sources.StartSource(start(seconds_per_day=0.15))
        await played(deck, rows=40)
    async with open_area(replay(**TWICE_AS_FAST)) as deck:
        await in_state(deck, pb.SOURCE_STATE_ENDED)
    async with open_area() as deck:
        stored = await deck.history.ListQuotes(ListQuotesRequest(instrument=INSTRUMENT))
        times = list(stored.quotes.event_time_ns)
        assert len(times) == len(set(times)) == len(DAYS) * 30


async def test_after_a_kill_it_goes_on_from_what_was_last_noted(open_area, replay, store):
    """Nothing was said at the end of the process: the record is the one of a second before."""
    async with open_area(replay()) as deck:
        await deck.sources.StartSource(start(seconds_per_day=0.3))
        await played(deck, rows=100)
        await deck.sources.StopSource(StopSourceRequest(name=NAME))
    await store.execute("UPDATE marketdata.source SET state = 'RUNNING'")
    noted = await store.fetchval("SELECT event_time_ns FROM marketdata.source")
    async with (
        open_area(replay()) as deck,
        deck.bus.subscribe(["quotes"], replay=timedelta(0)),
    ):
        ended = await in_state(deck, pb.SOURCE_STATE_ENDED)
        assert ended.replay.progress == 1
    rows = await store.fetchval(
        "SELECT count(*) FROM marketdata.quote WHERE event_time_ns = $1", noted
    )
    assert rows <= 1


async def test_stopped_it_stays_stopped_after_a_restart(open_area, replay):
    async with open_area(replay()) as deck:
        await deck.sources.StartSource(start(seconds_per_day=60))
        stop = StopSourceRequest(name=NAME)
        assert (await deck.sources.StopSource(stop)).source.state == pb.SOURCE_STATE_STOPPED
        assert (await deck.sources.StopSource(stop)).source.state == pb.SOURCE_STATE_STOPPED
    async with open_area(replay()) as deck:
        [source] = (await deck.sources.ListSources(ListSourcesRequest())).sources
        assert source.state == pb.SOURCE_STATE_STOPPED


async def test_started_again_without_options_it_goes_on_as_the_last_time(open_area, replay):
    async with open_area(replay()) as deck:
        await deck.sources.StartSource(start(seconds_per_day=1, start_time=midnight(3)))
        await played(deck, rows=30)
        before = (await deck.sources.StopSource(StopSourceRequest(name=NAME))).source
        after = await deck.sources.StartSource(StartSourceRequest(name=NAME))
        assert after.import_job == ""
        assert after.source.replay.options.seconds_per_day == 1
        assert after.source.replay.event_time == before.replay.event_time


async def test_the_same_start_twice_changes_nothing_another_is_refused(open_area, replay):
    async with open_area(replay()) as deck:
        first = await deck.sources.StartSource(start(seconds_per_day=60))
        again = await deck.sources.StartSource(start(seconds_per_day=60))
        assert again.source.start_time == first.source.start_time
        call = deck.sources.StartSource(start(seconds_per_day=30))
        code, reason, metadata = await refusal(call)
        assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "STATE_FORBIDS")
        assert metadata["subject"] == NAME


async def test_a_wrong_file_fails_the_call_and_nothing_starts(open_area, replay, tmp_path):
    (tmp_path / "days.csv").write_text("\n".join([*LINES, "2024-01-12,10,8,9,10,1"]))
    async with open_area(replay()) as deck:
        code, reason, metadata = await refusal(deck.sources.StartSource(start()))
        assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FILE_INVALID")
        assert metadata == {
            "file": "days.csv",
            "row": "10",
            "column": "high",
            "field": "replay.dataset",
        }
        [source] = (await deck.sources.ListSources(ListSourcesRequest())).sources
        assert (source.state, list(source.instruments)) == (pb.SOURCE_STATE_STOPPED, [])


async def test_a_source_that_fails_says_why_and_is_tried_again(open_area, replay, tmp_path):
    async with open_area(replay(**TWICE_AS_FAST)) as deck:
        await deck.sources.StartSource(start(seconds_per_day=0.15))
    good = (tmp_path / "days.csv").read_text()
    (tmp_path / "days.csv").write_text("nonsense")
    async with open_area(replay(**TWICE_AS_FAST)) as deck:
        failed = await in_state(deck, pb.SOURCE_STATE_FAILED)
        assert "days.csv" in failed.failure
        (tmp_path / "days.csv").write_text(good)
        assert (await in_state(deck, pb.SOURCE_STATE_ENDED)).failure == ""


async def test_an_unknown_source_is_not_found(deck):
    for call in (
        deck.sources.GetSource(GetSourceRequest(name="sources/nope")),
        deck.sources.StartSource(StartSourceRequest(name="sources/nope")),
        deck.sources.StopSource(StopSourceRequest(name="sources/nope")),
    ):
        code, reason, _ = await refusal(call)
        assert (code, reason) == (grpc.StatusCode.NOT_FOUND, "RESOURCE_NOT_FOUND")


async def test_at_the_first_start_the_bundled_data_play_by_themselves(open_area, replay):
    async with open_area(replay(autostart=True, seconds_per_day=0.5)) as deck:
        source = await played(deck, rows=3)
        assert list(source.instruments) == [
            "AAPL.XNAS",
            "FB.XNAS",
            "GOOG.XNAS",
            "IBM.XNYS",
            "MSFT.XNAS",
        ]
        assert source.replay.event_time.ToDatetime().year == 2004
        request = ListBarsRequest(instrument="AAPL.XNAS", interval="1d", newest_first=True)

        async def imported():
            return (await deck.history.ListBars(request)).bars.close_time_ns

        await until(imported, lambda times: len(times) >= 960)


async def test_stopped_by_hand_it_does_not_start_by_itself_again(open_area, replay):
    async with open_area(replay(autostart=True)) as deck:
        await deck.sources.StopSource(StopSourceRequest(name=NAME))
    async with open_area(replay(autostart=True)) as deck:
        [source] = (await deck.sources.ListSources(ListSourcesRequest())).sources
        assert source.state == pb.SOURCE_STATE_STOPPED
