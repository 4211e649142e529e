"""Statistical series: what was known when, pages, and news."""

import math
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import orjson
import pytest
from google.type.date_pb2 import Date
from tests.integration.marketdata.requests import refusal, until
from tests.vendors import Answer, Request, Vendor, vendor

from quarterdeck.api.marketdata.v1 import observation_service_pb2 as pb
from quarterdeck.api.marketdata.v1.observation_pb2 import ObservationBatch
from quarterdeck.api.marketdata.v1.source_service_pb2 import BackfillSourceRequest, SeriesBackfill
from quarterdeck_server.adapters.fred import source as fred
from quarterdeck_server.adapters.fred.wiring import fred_source
from quarterdeck_server.adapters.http.client import web
from quarterdeck_server.marketdata.store.quota import PostgresQuotaStore
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.source_settings import FredSettings, HttpSettings

ANSWERS = Path(__file__).parents[2] / "unit/adapters/fred/answers"
NAME = "series/fred/GNPCA"
SERIES, OBSERVATIONS, VINTAGES = (
    f"/fred/series{part}" for part in ("", "/observations", "/vintagedates")
)
# What each vintage changed: the day observed, the value.
REVISIONS = {
    "2021-03-25": {"2019-01-01": "100", "2020-01-01": "90"},
    "2022-03-30": {"2020-01-01": "91", "2021-01-01": "."},
    "2023-03-30": {"2021-01-01": "95"},
}


def realtime(request: Request) -> Answer:
    """Answer as FRED does: each value with the part of the window in which it was known."""
    start = request.query.get("realtime_start", "2023-05-26")
    end = request.query.get("realtime_end", "2023-05-26")
    rows = []
    for day in sorted({day for changed in REVISIONS.values() for day in changed}):
        known = [(v, changed[day]) for v, changed in REVISIONS.items() if day in changed]
        before = [pair for pair in known if pair[0] <= start][-1:]
        for vintage, value in before + [pair for pair in known if start < pair[0] <= end]:
            rows.append({"date": day, "value": value, "realtime_start": max(vintage, start)})
    offset, limit = int(request.query["offset"]), int(request.query["limit"])
    page = rows[offset : offset + limit]
    return Answer(orjson.dumps({"count": len(rows), "observations": page}), gzipped=True)


@pytest.fixture
async def shop() -> AsyncIterator[Vendor]:
    async with vendor() as opened:
        opened.always(SERIES, Answer((ANSWERS / "series.json").read_bytes()))
        opened.always(OBSERVATIONS, realtime)
        days = {"count": len(REVISIONS), "vintage_dates": list(REVISIONS)}
        opened.always(VINTAGES, Answer(orjson.dumps(days)))
        yield opened


@pytest.fixture
async def deck(open_area, shop, store, monkeypatch):
    """The area with FRED, which here answers about two vintages and two rows at a time."""
    monkeypatch.setattr(fred, "WINDOW_VINTAGES", 2)
    monkeypatch.setattr(fred, "MOST_ROWS", 2)
    settings = FredSettings.model_validate({"api_key": "secret", "base_url": shop.url})
    http = HttpSettings(first_pause=timedelta(milliseconds=5), attempts=2)
    async with (
        web(http, SystemClock()) as opened,
        fred_source(settings, opened, PostgresQuotaStore(store)) as source,
        open_area(source) as deck,
    ):
        yield deck


async def read(deck, *, vintages: bool, series: str = "GNPCA"):
    wanted = SeriesBackfill(series=[series], vintages=vintages)
    request = BackfillSourceRequest(name="sources/fred", series=wanted)
    name = (await deck.sources.BackfillSource(request)).job

    async def ask():
        return await deck.shared.jobs.get(name)

    return await until(ask, lambda job: job.end_time is not None)


async def known(deck, **values: object) -> dict[tuple[str, str], float]:
    """Return the values by day and vintage, page after page."""
    found: dict[tuple[str, str], float] = {}
    token = ""
    while True:
        request = pb.ListObservationsRequest(series=NAME, page_size=2, page_token=token, **values)
        answer = await deck.observations.ListObservations(request)
        batch, token = answer.observations, answer.next_page_token
        pairs = zip(batch.date_days, batch.vintage_days, strict=True)
        texts = [tuple(str(date.fromordinal(719_163 + day)) for day in pair) for pair in pairs]
        found |= dict(zip(texts, batch.value, strict=True))
        if not token:
            return found


def days(text: str) -> Date:
    year, month, day = map(int, text.split("-"))
    return Date(year=year, month=month, day=day)


async def test_every_vintage_is_kept_once_with_the_day_it_was_first_known(deck, shop):
    assert (await read(deck, vintages=True)).state == "SUCCEEDED"
    found = await known(deck, all_vintages=True)
    assert math.isnan(found.pop(("2021-01-01", "2022-03-30")))
    assert found == {
        ("2019-01-01", "2021-03-25"): 100,
        ("2020-01-01", "2021-03-25"): 90,
        ("2020-01-01", "2022-03-30"): 91,
        ("2021-01-01", "2023-03-30"): 95,
    }
    windows = {
        (r.query["realtime_start"], r.query["realtime_end"]) for r in shop.asked(OBSERVATIONS)
    }
    assert windows == {("2021-03-25", "2022-03-30"), ("2023-03-30", "2023-03-30")}


async def test_values_are_as_they_were_known_on_a_day(deck):
    await read(deck, vintages=True)
    assert await known(deck, as_of_date=days("2021-12-31")) == {
        ("2019-01-01", "2021-03-25"): 100,
        ("2020-01-01", "2021-03-25"): 90,
    }
    now = await known(deck)
    assert list(now.values()) == [100, 91, 95]
    part = {"start_date": days("2020-01-01"), "end_date": days("2021-01-01")}
    assert list((await known(deck, **part)).values()) == [91]


async def test_newest_values_read_before_their_vintages_do_not_hide_them(deck):
    await read(deck, vintages=False)
    assert {vintage for _, vintage in await known(deck)} == {"2023-05-26"}
    await read(deck, vintages=True)
    assert ("2020-01-01", "2022-03-30") in await known(deck)


async def test_a_series_is_found_by_its_words(deck):
    await read(deck, vintages=False)
    [found] = (await deck.observations.ListSeries(pb.ListSeriesRequest(query="GROSS"))).series
    assert (found.name, found.unit) == (NAME, "Billions of Chained 2012 Dollars")
    assert (found.first_date, found.last_date) == (days("1929-01-01"), days("2022-01-01"))
    got = await deck.observations.GetSeries(pb.GetSeriesRequest(name=NAME))
    assert got.series == found


async def test_news_are_published_and_what_is_known_is_not(deck, monkeypatch):
    async with deck.bus.subscribe(["observations"]) as news:
        await read(deck, vintages=True)
        await read(deck, vintages=True)
        changed = {"2021-01-01": "96", "2022-01-01": "99"}
        monkeypatch.setitem(REVISIONS, "2023-05-25", changed)
        await read(deck, vintages=False)
        batch = await anext(news)
    [message] = batch.messages
    assert (message.topic, message.rows) == ("observations/fred/GNPCA", 2)
    told = ObservationBatch.FromString(message.payload)
    assert (told.series, list(told.value)) == (NAME, [96, 99])


async def test_what_does_not_exist_or_is_asked_wrongly_is_refused(deck, shop):
    shop.always(SERIES, Answer((ANSWERS / "unknown.json").read_bytes(), 400))
    job = await read(deck, vintages=False, series="NOPE")
    assert job.failure.endswith("1 of 1 were not read: NOPE: FRED has no such series")
    missing = pb.GetSeriesRequest(name="series/fred/NOPE")
    assert (await refusal(deck.observations.GetSeries(missing)))[1] == "RESOURCE_NOT_FOUND"
    for field, values in (
        ("as_of_date", {"as_of_date": days("2021-01-01"), "all_vintages": True}),
        ("end_date", {"start_date": days("2021-01-01"), "end_date": days("2021-01-01")}),
        ("start_date", {"start_date": Date(year=2021, month=2, day=30)}),
        ("page_token", {"page_token": "bm9wZQ"}),
    ):
        request = pb.ListObservationsRequest(series=NAME, **values)
        _, _, metadata = await refusal(deck.observations.ListObservations(request))
        assert metadata["field"] == field
