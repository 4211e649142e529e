"""What a company filed: the newest in one answer, the older ones in files that it names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from quarterdeck_server.adapters.edgar.answers import SOURCE, cik_of, mapping, part, rows
from quarterdeck_server.adapters.http.dates import days
from quarterdeck_server.adapters.http.errors import Malformed
from quarterdeck_server.kernel.time import ns_from_datetime
from quarterdeck_server.marketdata.domain.filing import Company, Filing, company_name, filing_name

VENUES = {
    "Nasdaq": "XNAS",
    "NYSE": "XNYS",
    "NYSE American": "XASE",
    "NYSE Arca": "ARCX",
    "CboeBZX": "BATS",
    "CBOE": "BATS",
    "OTC": "OTCM",
}
NEEDED = ("accessionNumber", "filingDate", "form")
COLUMNS = (
    *NEEDED,
    "reportDate",
    "acceptanceDateTime",
    "items",
    "size",
    "primaryDocument",
    "primaryDocDescription",
)


@dataclass(frozen=True, slots=True)
class FormerName:
    """A name that a company had, until a day."""

    name: str
    last_day: int


@dataclass(frozen=True, slots=True)
class Submissions:
    """A company, its newest filings, and the files with the older ones."""

    company: Company
    cik: str
    former_names: tuple[FormerName, ...]
    recent: Mapping[str, Any]
    files: tuple[str, ...]


def submissions(body: bytes) -> Submissions:
    """Read the answer about a company."""
    answer = mapping(body)
    cik = cik_of(answer.get("cik"))
    filings = part(answer.get("filings"))
    company = Company(
        name=company_name(SOURCE, cik),
        display_name=str(answer.get("name", "")),
        instruments=_instruments(answer),
    )
    return Submissions(
        company,
        cik,
        tuple(_former(part(each)) for each in rows(answer.get("formerNames") or [])),
        part(filings.get("recent")),
        tuple(str(part(each).get("name")) for each in rows(filings.get("files") or [])),
    )


def filings(found: Submissions, columns: Mapping[str, Any], documents_url: str) -> list[Filing]:
    """Read filings, which lie in columns, the newest first."""
    count = len(rows(columns.get("accessionNumber")))
    table = {name: _column(columns, name, count) for name in COLUMNS}
    filed, reported = days(table["filingDate"]), _days_or_none(table["reportDate"])
    return [
        Filing(
            name=filing_name(SOURCE, table["accessionNumber"][row]),
            company=found.company.name,
            company_name=_name_on(found, int(filed[row])),
            form=table["form"][row],
            filing_day=int(filed[row]),
            report_day=reported[row],
            acceptance_time_ns=_moment(table["acceptanceDateTime"][row]),
            description=_description(table, row),
            document_uri=_document(found.cik, table, row, documents_url),
            size_bytes=_size(table["size"][row]),
        )
        for row in range(count)
    ]


def _column(columns: Mapping[str, Any], name: str, count: int) -> Sequence[str]:
    """Return a column as text; one that is missing is empty, but for those that are needed."""
    found = columns.get(name)
    if found is None and name not in NEEDED:
        return [""] * count
    values = rows(found)
    if len(values) != count:
        raise Malformed(f"column {name!r} has {len(values)} rows, the first has {count}")
    return [str(value) for value in values]


def _days_or_none(texts: Sequence[str]) -> list[int | None]:
    known = iter(days([text for text in texts if text]).tolist())
    return [next(known) if text else None for text in texts]


def _name_on(found: Submissions, day: int) -> str:
    """Return what the company was called on a day."""
    earlier = [former for former in found.former_names if former.last_day >= day]
    oldest = min(earlier, key=lambda former: former.last_day, default=None)
    return oldest.name if oldest else found.company.display_name


def _description(table: Mapping[str, Sequence[str]], row: int) -> str:
    items = table["items"][row]
    words = table["primaryDocDescription"][row]
    return f"{words} (items {items})".strip() if items else words


def _document(cik: str, table: Mapping[str, Sequence[str]], row: int, documents_url: str) -> str:
    """Name the document, or the list of documents where none is the main one."""
    accession, document = table["accessionNumber"][row], table["primaryDocument"][row]
    folder = f"{documents_url}/Archives/edgar/data/{int(cik)}/{accession.replace('-', '')}"
    return f"{folder}/{document or f'{accession}-index.htm'}"


def _size(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _moment(text: str) -> int | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed(f"it was accepted at {text!r}") from error
    return ns_from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _former(one: Mapping[str, Any]) -> FormerName:
    last = str(one.get("to", ""))[:10]
    return FormerName(str(one.get("name", "")), int(days([last])[0]))


def _instruments(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the instruments at the markets we have codes for; classes of shares have a dot."""
    tickers, exchanges = rows(answer.get("tickers") or []), rows(answer.get("exchanges") or [])
    pairs = zip(map(str, tickers), map(str, exchanges), strict=False)
    return tuple(
        f"{ticker.replace('-', '.')}.{VENUES[exchange]}"
        for ticker, exchange in pairs
        if exchange in VENUES
    )
