"""Filings and facts of companies: pages, both at once, and news."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from google.type.date_pb2 import Date
from tests.integration.marketdata.requests import refusal, until
from tests.vendors import Answer, Vendor, vendor

from quarterdeck.api.marketdata.v1 import filing_service_pb2 as pb
from quarterdeck.api.marketdata.v1.filing_pb2 import Filing
from quarterdeck.api.marketdata.v1.source_pb2 import SOURCE_CAPABILITY_BACKFILL_FILINGS
from quarterdeck.api.marketdata.v1.source_service_pb2 import (
    BackfillSourceRequest,
    FilingBackfill,
    ListSourcesRequest,
)
from quarterdeck_server.adapters.edgar.wiring import edgar_source
from quarterdeck_server.adapters.http.client import web
from quarterdeck_server.marketdata.store import fact
from quarterdeck_server.marketdata.store.quota import PostgresQuotaStore
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.source_settings import EdgarSettings, HttpSettings

ANSWERS = Path(__file__).parents[2] / "unit/adapters/edgar/answers"
AGENT = "Quarterdeck tests admin@example.com"
COMPANY = "companies/edgar/0000320193"
NEWEST, OLDEST = (f"filings/edgar/0000320193-{rest}" for rest in ("23-000106", "94-000002"))
SUBMISSIONS = "/submissions/CIK0000320193.json"
FACTS = "/api/xbrl/companyfacts/CIK0000320193.json"
PATHS = {
    SUBMISSIONS: "submissions",
    "/submissions/CIK0000320193-submissions-001.json": "older",
    FACTS: "facts",
    "/files/company_tickers.json": "tickers",
}


@pytest.fixture
async def shop() -> AsyncIterator[Vendor]:
    async with vendor() as opened:
        for path, name in PATHS.items():
            body = (ANSWERS / f"{name}.json").read_bytes()
            opened.always(path, Answer(body, gzipped=True))
        yield opened


@pytest.fixture
async def deck(open_area, shop, store):
    settings = EdgarSettings(user_agent=AGENT, data_url=shop.url, files_url=shop.url)
    http = HttpSettings(first_pause=timedelta(milliseconds=5), attempts=2)
    async with (
        web(http, SystemClock()) as opened,
        edgar_source(settings, opened, PostgresQuotaStore(store)) as source,
        open_area(source) as deck,
    ):
        yield deck


async def read(deck, company: str = "AAPL", **values: object):
    wanted = FilingBackfill(companies=[company], **values)
    request = BackfillSourceRequest(name="sources/edgar", filings=wanted)
    name = (await deck.sources.BackfillSource(request)).job

    async def ask():
        return await deck.shared.jobs.get(name)

    return await until(ask, lambda job: job.end_time is not None)


async def listed(deck, **values: object) -> list[str]:
    """Return the names of filings, page after page."""
    names, token = [], ""
    while True:
        request = pb.ListFilingsRequest(page_size=1, page_token=token, **values)
        answer = await deck.filings.ListFilings(request)
        names += [filing.name for filing in answer.filings]
        token = answer.next_page_token
        if not token:
            return names


async def test_filings_are_listed_newest_first_by_company_form_and_day(deck, shop):
    job = await read(deck)
    assert (job.state, job.note) == ("SUCCEEDED", "1 read, 3 rows")
    every = await listed(deck)
    assert (len(every), every[0], every[-1]) == (3, NEWEST, OLDEST)
    assert await listed(deck, company=COMPANY, forms=["10-K"]) == [NEWEST]
    before = Date(year=2000, month=1, day=1)
    assert await listed(deck, end_date=before) == [OLDEST]
    assert await listed(deck, company="companies/edgar/0000000001") == []
    assert {request.headers["user-agent"] for request in shop.requests} == {AGENT}


async def test_a_filing_of_a_company_without_facts_has_its_instruments_and_document(deck, shop):
    shop.always(FACTS, Answer(b"<Error><Code>NoSuchKey</Code></Error>", 404))
    await read(deck, "320193", forms=["10-K"], facts=True)
    assert len(await listed(deck)) == 1
    filing = (await deck.filings.GetFiling(pb.GetFilingRequest(name=NEWEST))).filing
    assert (filing.company, filing.company_name) == (COMPANY, "Apple Inc.")
    assert list(filing.instruments) == ["AAPL.XNAS"]
    assert filing.document_uri.endswith("/000032019323000106/aapl-20230930.htm")
    assert filing.report_date == Date(year=2023, month=9, day=30)


async def test_facts_are_ordered_and_no_more_than_a_message_holds(deck, monkeypatch):
    await read(deck, facts=True)
    await read(deck, facts=True)
    request = pb.GetCompanyFactsRequest(company=COMPANY)
    shares, income = (await deck.filings.GetCompanyFacts(request)).facts
    assert (shares.taxonomy, shares.unit, len(shares.value)) == ("dei", "shares", 1)
    assert list(income.value) == [99_803e6, 99_803e6, 96_995e6]
    assert income.filing_days[0] < income.filing_days[1]
    only = pb.GetCompanyFactsRequest(company=COMPANY, taxonomy="dei", concepts=["NetIncomeLoss"])
    assert len((await deck.filings.GetCompanyFacts(only)).facts) == 0
    monkeypatch.setattr(fact, "MOST_VALUES", 3)
    _, _, metadata = await refusal(deck.filings.GetCompanyFacts(request))
    assert metadata["field"] == "concepts"


async def test_new_filings_are_published_and_known_ones_are_not(deck, shop):
    found = orjson.loads((ANSWERS / "submissions.json").read_bytes())
    async with deck.bus.subscribe(["filings"]) as news:
        await read(deck)
        await read(deck)
        for column in found["filings"]["recent"].values():
            column.insert(0, column[0])
        found["filings"]["recent"]["accessionNumber"][0] = "0000320193-24-000001"
        shop.always(SUBMISSIONS, Answer(orjson.dumps(found)))
        await read(deck)
        batch = await anext(news)
    [message] = batch.messages
    assert message.topic == "filings/edgar/0000320193"
    told = Filing.FromString(message.payload)
    assert told.name == "filings/edgar/0000320193-24-000001"
    assert list(told.instruments) == ["AAPL.XNAS"]


async def test_known_companies_are_read_again_from_time_to_time(open_area, shop, store):
    """Without being asked: the filing that came meanwhile is published."""
    settings = EdgarSettings(user_agent=AGENT, data_url=shop.url, files_url=shop.url)
    found = orjson.loads((ANSWERS / "submissions.json").read_bytes())
    async with (
        web(HttpSettings(), SystemClock()) as opened,
        edgar_source(settings, opened, PostgresQuotaStore(store)) as source,
        open_area(source, refresh_interval=timedelta(seconds=0.2)) as deck,
        deck.bus.subscribe(["filings"]) as news,
    ):
        await read(deck)
        for column in found["filings"]["recent"].values():
            column.insert(0, column[0])
        found["filings"]["recent"]["accessionNumber"][0] = "0000320193-24-000002"
        shop.always(SUBMISSIONS, Answer(orjson.dumps(found)))
        batch = await asyncio.wait_for(anext(news), 10)
    assert Filing.FromString(batch.messages[0].payload).name.endswith("24-000002")


async def test_what_goes_wrong_with_a_company_is_told(deck, shop):
    assert "EDGAR knows no company with this symbol" in (await read(deck, "NOPE")).failure
    found = orjson.loads((ANSWERS / "submissions.json").read_bytes())
    found["filings"]["recent"]["size"][0] = 2**63
    for answer, words in (
        (Answer(b"Undeclared Automated Tool", 403), "does not accept who asks"),
        (Answer(b"<Error>", 404), "AAPL: EDGAR has nothing there"),
        (Answer(orjson.dumps(found)), "AAPL: cannot be stored: "),
    ):
        shop.always(SUBMISSIONS, answer)
        assert words in (await read(deck)).failure


async def test_an_unknown_filing_or_company_is_not_found(deck):
    for call in (
        deck.filings.GetFiling(pb.GetFilingRequest(name="filings/edgar/x")),
        deck.filings.GetCompanyFacts(pb.GetCompanyFactsRequest(company="companies/edgar/x")),
    ):
        assert (await refusal(call))[1] == "RESOURCE_NOT_FOUND"


async def test_without_a_user_agent_the_source_says_so(open_area, store):
    async with (
        web(HttpSettings(), SystemClock()) as opened,
        edgar_source(EdgarSettings(), opened, PostgresQuotaStore(store)) as source,
        open_area(source) as deck,
    ):
        [found] = (await deck.sources.ListSources(ListSourcesRequest())).sources
        assert found.missing_setting == "QUARTERDECK_MARKETDATA__EDGAR__USER_AGENT"
        assert list(found.capabilities) == [SOURCE_CAPABILITY_BACKFILL_FILINGS]
        request = BackfillSourceRequest(
            name="sources/edgar", filings=FilingBackfill(companies=["AAPL"])
        )
        assert (await refusal(deck.sources.BackfillSource(request)))[1] == "STATE_FORBIDS"
