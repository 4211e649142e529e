"""The source."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck_server.adapters.edgar.answers import CIK_DIGITS, SOURCE, cik_of, mapping, part
from quarterdeck_server.adapters.edgar.facts import company_facts
from quarterdeck_server.adapters.edgar.submissions import Submissions, filings, submissions
from quarterdeck_server.adapters.http.client import Reader
from quarterdeck_server.adapters.http.quota import QuotaKeeper
from quarterdeck_server.kernel.errors import Exhausted
from quarterdeck_server.marketdata.domain.backfill import FilingPage
from quarterdeck_server.marketdata.domain.filing import CompanyFact
from quarterdeck_server.marketdata.domain.source import NotOffered, Quota
from quarterdeck_server.runtime.clock import Clock

TICKERS = "/files/company_tickers.json"
TICKERS_LIFETIME_S = 86_400.0
RECENT, FACTS = "recent", "facts"


class NoSuchPage(NotOffered):
    """It has nothing at an address."""


@dataclass(frozen=True, slots=True)
class Readers:
    """The two places of EDGAR, which share a quota."""

    data: Reader
    files: Reader
    documents_url: str


class EdgarSource:
    """Filings of companies, and what they reported."""

    name = SOURCE
    display_name = "EDGAR"
    provenance = "EDGAR, US Securities and Exchange Commission, public domain"

    def __init__(
        self, readers: Readers, quota: QuotaKeeper, clock: Clock, missing_setting: str
    ) -> None:
        self._readers, self._quota, self._clock = readers, quota, clock
        self.missing_setting = missing_setting
        self._tickers: Mapping[str, str] = {}
        self._tickers_since: float | None = None

    def quotas(self) -> Sequence[Quota]:
        """Return what is left of the second."""
        return self._quota.quotas()

    async def filing_pages(
        self, company: str, *, forms: Sequence[str], facts: bool, after: str
    ) -> AsyncIterator[FilingPage]:
        """Read the newest filings, then file by file the older ones, then the facts.

        A position is the part that is done.
        """
        try:
            found = await self._submissions(company)
            parts = [RECENT, *found.files, *([FACTS] if facts else [])]
            begin = parts.index(after) + 1 if after in parts else 0
            for place in range(begin, len(parts)):
                fraction = (place + 1) / len(parts)
                yield await self._page(found, parts[place], forms, fraction)
        except Exhausted as error:
            self._quota.block(error.retry_after_s or 0.0)
            raise

    async def _page(
        self, found: Submissions, name: str, forms: Sequence[str], fraction: float
    ) -> FilingPage:
        if name == FACTS:
            return FilingPage(found.company, (), await self._facts(found.cik), name, fraction)
        columns = found.recent if name == RECENT else await self._older(name)
        filed = filings(found, columns, self._readers.documents_url)
        wanted = [filing for filing in filed if not forms or filing.form in forms]
        return FilingPage(found.company, wanted, (), name, fraction)

    async def _submissions(self, company: str) -> Submissions:
        cik = await self._cik(company)
        return await self._readers.data.get(f"/submissions/CIK{cik}.json", {}, submissions)

    async def _older(self, file: str) -> Mapping[str, Any]:
        return await self._readers.data.get(f"/submissions/{file}", {}, mapping)

    async def _facts(self, cik: str) -> Sequence[CompanyFact]:
        """Read facts; a company that never reported any in this form has no page of them."""
        path = f"/api/xbrl/companyfacts/CIK{cik}.json"
        try:
            return await self._readers.data.get(path, {}, company_facts)
        except NoSuchPage:
            return ()

    async def _cik(self, company: str) -> str:
        """Return the number of a company, given as it is or as a symbol. Raises NotOffered."""
        if company.isascii() and company.isdigit() and len(company) <= CIK_DIGITS:
            return company.zfill(CIK_DIGITS)
        now = self._clock.monotonic()
        if self._tickers_since is None or now - self._tickers_since > TICKERS_LIFETIME_S:
            self._tickers = await self._readers.files.get(TICKERS, {}, tickers)
            self._tickers_since = now
        cik = self._tickers.get(company.upper().replace(".", "-"))
        if cik is None:
            raise NotOffered(company, "EDGAR knows no company with this symbol")
        return cik


def tickers(body: bytes) -> dict[str, str]:
    """Read which company has which symbol; of several the first, which is the larger."""
    found: dict[str, str] = {}
    for each in mapping(body).values():
        one = part(each)
        found.setdefault(str(one.get("ticker")).upper(), cik_of(one.get("cik_str")))
    return found
