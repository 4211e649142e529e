"""Reading the past from a vendor into history: through quotas, failures and restarts."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import grpc
import orjson
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.instruments import upsert
from tests.integration.marketdata.requests import refusal, until
from tests.vendors import Answer, Request, Vendor, vendor

from quarterdeck.api.marketdata.v1 import source_service_pb2 as pb
from quarterdeck.api.marketdata.v1.history_service_pb2 import ListBarsRequest
from quarterdeck_server.adapters.alphavantage.wiring import alphavantage_source
from quarterdeck_server.adapters.http.client import web
from quarterdeck_server.marketdata import backfill_run
from quarterdeck_server.marketdata.store.quota import PostgresQuotaStore
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.source_settings import AlphaVantageSettings, HttpSettings

NAME = "sources/alphavantage"
ANSWERS = Path(__file__).parents[2] / "unit/adapters/alphavantage/answers"
QUERY = "/query"
BREAK = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1"


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often whether something happened."""
    monkeypatch.setattr(backfill_run, "POLL_S", 0.02)
    monkeypatch.setattr(backfill_run, "FIRST_PAUSE_S", 0.05)


@pytest.fixture
async def shop() -> AsyncIterator[Vendor]:
    async with vendor() as opened:
        opened.always(QUERY, Answer((ANSWERS / "daily.json").read_bytes()))
        yield opened


@pytest.fixture
async def source(shop: Vendor, store):
    """Make the source as after a restart: with what the database knows of the quota."""
    http = HttpSettings(first_pause=timedelta(milliseconds=5), attempts=2)
    async with web(http, SystemClock()) as opened:

        async def make(**options: object):
            values = {"api_key": "secret", "base_url": shop.url, "requests_per_minute": 100}
            settings = AlphaVantageSettings.model_validate(values | options)
            made = alphavantage_source(settings, opened, PostgresQuotaStore(store))
            return await made.__aenter__()

        yield make


def at(year: int, month: int, day: int) -> Timestamp:
    return Timestamp(seconds=int(datetime(year, month, day, tzinfo=UTC).timestamp()))


def backfill(*instruments: str, interval: str = "1d", request_id: str = "", **values: object):
    bars = pb.BarBackfill(instruments=instruments or ["IBM.XNYS"], interval=interval, **values)
    return pb.BackfillSourceRequest(name=NAME, bars=bars, request_id=request_id)


def quarter() -> pb.BackfillSourceRequest:
    return backfill(interval="1h", start_time=at(2024, 1, 1), end_time=at(2024, 4, 1))


def month(request: Request) -> Answer:
    """One bar in the month that is asked for."""
    row = {f"{n}. {word}": "1" for n, word in enumerate(("open", "high", "low", "close"), 1)}
    series = {f"{request.query['month']}-05 10:00:00": {**row, "5. volume": "1"}}
    return Answer(orjson.dumps({"Meta Data": {}, "Time Series (60min)": series}))


async def job(deck, name: str, *states: str):
    async def ask():
        return await deck.shared.jobs.get(name)

    return await until(ask, lambda found: found.state in states)


async def closes(deck, interval: str = "1d") -> list[float]:
    request = ListBarsRequest(instrument="IBM.XNYS", interval=interval)
    return list((await deck.history.ListBars(request)).bars.close)


async def quotas(deck) -> list[int]:
    found = (await deck.sources.GetSource(pb.GetSourceRequest(name=NAME))).source
    return [quota.remaining for quota in found.quotas]


async def test_bars_go_into_history_and_the_quota_is_shown(open_area, source, shop):
    async with open_area(await source()) as deck:
        await deck.instruments.UpsertInstrument(upsert("IBM.XNYS"))
        assert await quotas(deck) == [100, 25]
        started = await deck.sources.BackfillSource(backfill())
        done = await job(deck, started.job, "SUCCEEDED", "FAILED")
        assert (done.state, done.note) == ("SUCCEEDED", "1 read, 3 rows")
        assert (done.kind, done.subject, done.owner) == ("backfill", NAME, "principals/ada")
        assert await closes(deck) == [195.95, 191.73, 197.78]
        assert await quotas(deck) == [99, 24]
        assert shop.requests[0].query["symbol"] == "IBM"
    async with open_area(await source()) as deck:
        assert await quotas(deck) == [99, 24]


async def test_it_goes_on_after_a_restart_and_asks_for_nothing_again(open_area, source, shop):
    slow = {"2024-02": 60.0}

    def delayed(request: Request) -> Answer:
        return replace(month(request), delay_s=slow.get(request.query["month"], 0.0))

    shop.always(QUERY, delayed)
    async with open_area(await source()) as deck:
        await deck.instruments.UpsertInstrument(upsert("IBM.XNYS"))
        name = (await deck.sources.BackfillSource(quarter())).job
        await until(lambda: closes_of(deck), lambda found: len(found) == 1)
        await until(lambda: asked(shop), lambda months: months == ["2024-03", "2024-02"])
    slow.clear()
    async with open_area(await source()) as deck:
        done = await job(deck, name, "SUCCEEDED", "FAILED")
        assert (done.state, done.note) == ("SUCCEEDED", "1 read, 3 rows")
        assert len(await closes(deck, "1h")) == 3
        assert await asked(shop) == ["2024-03", "2024-02", "2024-02", "2024-01"]


async def closes_of(deck) -> list[float]:
    return await closes(deck, "1h")


async def asked(shop: Vendor) -> list[str]:
    return [request.query["month"] for request in shop.requests]


async def test_it_waits_for_the_quota_says_until_when_and_can_be_canceled(open_area, source, shop):
    shop.always(QUERY, month)
    async with open_area(await source(requests_per_day=2)) as deck:
        await deck.instruments.UpsertInstrument(upsert("IBM.XNYS"))
        name = (await deck.sources.BackfillSource(quarter())).job

        async def ask():
            return await deck.shared.jobs.get(name)

        waiting = await until(ask, lambda found: "waits for the quota until" in found.note)
        assert waiting.progress == pytest.approx(2 / 3)
        assert await quotas(deck) == [98, 0]
        await deck.shared.jobs.cancel(name)
        await job(deck, name, "CANCELED")
        assert len(shop.requests) == 2


async def test_what_the_vendor_does_not_know_is_told_and_the_rest_is_read(open_area, source, shop):
    unknown = Answer((ANSWERS / "unknown.json").read_bytes())
    good = shop.rules[QUERY]
    shop.always(QUERY, lambda r: unknown if r.query["symbol"] == "NOPE" else good(r))
    async with open_area(await source()) as deck:
        for name in ("NOPE.XNYS", "IBM.XNYS"):
            await deck.instruments.UpsertInstrument(upsert(name))
        started = await deck.sources.BackfillSource(backfill("NOPE.XNYS", "IBM.XNYS"))
        done = await job(deck, started.job, "SUCCEEDED", "FAILED")
        assert done.state == "FAILED"
        assert "1 of 2 were not read: NOPE.XNYS: Alpha Vantage does not know it" in done.failure
        assert len(await closes(deck)) == 3


async def test_a_vendor_that_was_away_is_asked_again(open_area, source, shop):
    shop.queue(QUERY, *[Answer(status=503)] * 2, Answer(b"{ }", truncated=True))
    async with open_area(await source()) as deck:
        await deck.instruments.UpsertInstrument(upsert("IBM.XNYS"))
        started = await deck.sources.BackfillSource(backfill())
        done = await job(deck, started.job, "SUCCEEDED", "FAILED")
        assert done.state == "SUCCEEDED"
        assert len(shop.requests) == 4


async def test_a_vendor_that_stays_away_fails_it_when_patience_ends(open_area, source, shop):
    shop.always(QUERY, Answer(status=503))
    async with open_area(await source(), backfill_patience=timedelta(0)) as deck:
        await deck.instruments.UpsertInstrument(upsert("IBM.XNYS"))
        started = await deck.sources.BackfillSource(backfill())
        done = await job(deck, started.job, "FAILED")
        assert done.failure.endswith("answered with status 503")


async def test_a_day_that_the_vendor_says_is_used_up_is_waited_for(open_area, source, shop):
    """The key is used elsewhere too: our own count would allow more."""
    shop.always(QUERY, Answer((ANSWERS / "day_used_up.json").read_bytes()))
    async with open_area(await source()) as deck:
        await deck.instruments.UpsertInstrument(upsert("IBM.XNYS"))
        name = (await deck.sources.BackfillSource(backfill())).job

        async def ask():
            return await deck.shared.jobs.get(name)

        waiting = await until(ask, lambda found: "waits until" in found.note)
        assert waiting.note.endswith("says the day is used up")
        assert await quotas(deck) == [0, 0]
        await deck.shared.jobs.cancel(name)
        await job(deck, name, "CANCELED")


async def test_it_ends_where_the_vendor_has_no_more(open_area, source, shop):
    unknown = Answer((ANSWERS / "unknown.json").read_bytes())
    shop.always(QUERY, lambda r: unknown if r.query["month"] == "2024-01" else month(r))
    async with open_area(await source()) as deck:
        await deck.instruments.UpsertInstrument(upsert("IBM.XNYS"))
        started = await deck.sources.BackfillSource(quarter())
        done = await job(deck, started.job, "SUCCEEDED", "FAILED")
        assert (done.state, done.note) == ("SUCCEEDED", "1 read, 2 rows")


async def test_a_key_that_is_not_accepted_fails_it(open_area, source, shop):
    shop.always(QUERY, Answer((ANSWERS / "invalid_key.json").read_bytes()))
    async with open_area(await source()) as deck:
        for name in ("IBM.XNYS", "AAPL.XNAS"):
            await deck.instruments.UpsertInstrument(upsert(name))
        started = await deck.sources.BackfillSource(backfill("IBM.XNYS", "AAPL.XNAS"))
        done = await job(deck, started.job, "FAILED")
        assert done.failure == f"{NAME} does not accept the key"
        assert len(shop.requests) == 1


async def test_a_database_that_breaks_off_costs_no_row(open_area, source, shop, servers, dsn):
    """Each time a month is asked for, all connections to the database are broken."""
    other = await asyncpg.connect(servers.dsn)

    async def broken() -> int:
        return await other.fetchval(BREAK, urlsplit(dsn).path.lstrip("/"))

    shop.always(QUERY, lambda request: replace(month(request), delay_s=0.2))
    async with open_area(await source()) as deck:
        await deck.instruments.UpsertInstrument(upsert("IBM.XNYS"))
        name = (await deck.sources.BackfillSource(quarter())).job
        for count in (1, 2):
            await until(lambda: asked(shop), lambda found, count=count: len(found) >= count)
            assert await broken()
        done = await job(deck, name, "SUCCEEDED", "FAILED")
        assert done.state == "SUCCEEDED", done
        assert len(await closes(deck, "1h")) == 3
    await other.close()


async def test_bars_that_cannot_be_right_are_not_stored(open_area, source, shop):
    wrong = (ANSWERS / "daily.json").read_bytes().replace(b"190.8800", b"290.8800")
    shop.always(QUERY, Answer(wrong))
    async with open_area(await source()) as deck:
        await deck.instruments.UpsertInstrument(upsert("IBM.XNYS"))
        started = await deck.sources.BackfillSource(backfill())
        done = await job(deck, started.job, "FAILED")
        assert "IBM.XNYS: bars." in done.failure
        assert await closes(deck) == []


async def test_holes_in_the_range_count_as_filled(open_area, source, store):
    time_ns = at(2024, 3, 11).seconds * 10**9
    await store.execute(
        """INSERT INTO marketdata.hole
             (topic, epoch, first_sequence, last_sequence, first_event_time_ns, last_event_time_ns)
           VALUES ('bars/1d/IBM.XNYS', 1, 1, 1, $1, $1), ('quotes/IBM.XNYS', 1, 1, 1, $1, $1)""",
        time_ns,
    )
    async with open_area(await source()) as deck:
        await deck.instruments.UpsertInstrument(upsert("IBM.XNYS"))
        started = await deck.sources.BackfillSource(backfill())
        await job(deck, started.job, "SUCCEEDED")
    unfilled = await store.fetch("SELECT topic FROM marketdata.hole WHERE fill_time IS NULL")
    assert [row["topic"] for row in unfilled] == ["quotes/IBM.XNYS"]


async def test_the_same_request_is_the_same_job(open_area, source):
    async with open_area(await source()) as deck:
        await deck.instruments.UpsertInstrument(upsert("IBM.XNYS"))
        first, again = await asyncio.gather(
            *(deck.sources.BackfillSource(backfill(request_id="r")) for _ in range(2))
        )
        assert first.job == again.job
        other = deck.sources.BackfillSource(backfill(request_id="r", start_time=at(2024, 1, 1)))
        assert (await refusal(other))[1] == "REQUEST_ID_REUSED"
        await job(deck, first.job, "SUCCEEDED")


async def test_what_cannot_be_backfilled_is_refused_before_it_begins(open_area, source):
    async with open_area(await source(api_key=None)) as deck:
        code, reason, metadata = await refusal(deck.sources.BackfillSource(backfill()))
        assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "STATE_FORBIDS")
        assert metadata["subject"] == NAME
        found = (await deck.sources.GetSource(pb.GetSourceRequest(name=NAME))).source
        assert found.missing_setting == "QUARTERDECK_MARKETDATA__ALPHAVANTAGE__API_KEY"
    async with open_area(await source()) as deck:
        await deck.instruments.UpsertInstrument(upsert("IBM.XNYS"))
        unknown = backfill("IBM.XNYS", "WHAT.XNYS")
        code, reason, metadata = await refusal(deck.sources.BackfillSource(unknown))
        assert (reason, metadata["field"]) == ("INSTRUMENT_NOT_FOUND", "bars.instruments[1]")
        for bad in (
            backfill(interval="7m"),
            pb.BackfillSourceRequest(name=NAME, series=pb.SeriesBackfill(series=["DGS10"])),
        ):
            assert (await refusal(deck.sources.BackfillSource(bad)))[1] == "STATE_FORBIDS"
        for field, values in (
            ("bars.end_time", {"start_time": at(2024, 3, 1), "end_time": at(2024, 2, 1)}),
            ("bars.start_time", {"start_time": at(2200, 1, 1)}),
        ):
            _, _, metadata = await refusal(deck.sources.BackfillSource(backfill(**values)))
            assert metadata["field"] == field
        start = pb.StartSourceRequest(name=NAME)
        assert (await refusal(deck.sources.StartSource(start)))[1] == "STATE_FORBIDS"
