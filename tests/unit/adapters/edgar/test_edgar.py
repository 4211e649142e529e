"""What EDGAR answers, as its documentation tells, and what is read from it."""

from pathlib import Path

import orjson
import pytest

from quarterdeck_server.adapters.edgar.answers import mapping
from quarterdeck_server.adapters.edgar.facts import company_facts
from quarterdeck_server.adapters.edgar.source import tickers
from quarterdeck_server.adapters.edgar.submissions import filings, submissions
from quarterdeck_server.adapters.http.errors import Malformed

ANSWERS = Path(__file__).parent / "answers"
SITE = "https://www.sec.gov"


def answer(name: str) -> bytes:
    return (ANSWERS / f"{name}.json").read_bytes()


def test_the_newest_filings_lie_in_columns() -> None:
    found = submissions(answer("submissions"))
    report, news = filings(found, found.recent, SITE)
    assert report.name == "filings/edgar/0000320193-23-000106"
    assert report.company == "companies/edgar/0000320193"
    assert (report.form, report.filing_day, report.report_day) == ("10-K", 19_664, 19_630)
    assert report.document_uri == (
        f"{SITE}/Archives/edgar/data/320193/000032019323000106/aapl-20230930.htm"
    )
    assert report.acceptance_time_ns == 1_698_948_507 * 10**9
    assert (news.description, news.size_bytes) == ("8-K (items 2.02,9.01)", 400_001)


def test_an_older_filing_has_the_name_of_its_time_and_a_list_of_documents() -> None:
    found = submissions(answer("submissions"))
    [old] = filings(found, mapping(answer("older")), SITE)
    assert old.company_name == "APPLE COMPUTER INC"
    assert old.report_day is None
    assert old.document_uri.endswith("/000032019394000002/0000320193-94-000002-index.htm")


def test_a_company_has_its_instruments_and_the_files_with_older_filings() -> None:
    found = submissions(answer("submissions"))
    assert found.company.instruments == ("AAPL.XNAS",)
    assert found.files == ("CIK0000320193-submissions-001.json",)


def test_facts_are_grouped_by_concept_and_unit_and_a_day_starts_and_ends_on_itself() -> None:
    shares, income = company_facts(answer("facts"))
    assert (shares.taxonomy, shares.unit, shares.value.tolist()) == (
        "dei",
        "shares",
        [1.5552752e10],
    )
    assert shares.start_day.tolist() == shares.end_day.tolist()
    assert (income.concept, len(income)) == ("NetIncomeLoss", 3)
    assert income.filing[0] == "filings/edgar/0000320193-22-000108"


def test_symbols_lead_to_the_numbers_of_companies() -> None:
    assert tickers(answer("tickers")) == {"AAPL": "0000320193", "BRK-B": "0001067983"}


def test_columns_of_unequal_length_are_malformed() -> None:
    found = submissions(answer("submissions"))
    columns = {**found.recent, "form": ["10-K"]}
    with pytest.raises(Malformed, match="column 'form' has 1 rows, the first has 2"):
        filings(found, columns, SITE)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'{"cik": "x", "filings": {}}',
        b'{"cik": 1, "filings": {"recent": []}}',
        orjson.dumps({"facts": {"us-gaap": {"X": {"units": {"USD": [{"end": "2023-01-01"}]}}}}}),
        b'{"facts": {"us-gaap": {"X": {"units": {"USD": {}}}}}}',
    ],
)
def test_nonsense_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        submissions(body)
    with pytest.raises(Malformed):
        company_facts(body)
