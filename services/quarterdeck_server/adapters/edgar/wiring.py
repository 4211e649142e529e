"""How the source is put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from quarterdeck_server.adapters.edgar.answers import SOURCE
from quarterdeck_server.adapters.edgar.source import EdgarSource, NoSuchPage, Readers
from quarterdeck_server.adapters.http.client import Place, Reader, Web
from quarterdeck_server.adapters.http.quota import QuotaKeeper
from quarterdeck_server.kernel.errors import Exhausted, QuarterdeckError
from quarterdeck_server.marketdata.domain.quota import Window
from quarterdeck_server.marketdata.domain.source import NotOffered, VendorRefused
from quarterdeck_server.marketdata.source_ports import QuotaStore
from quarterdeck_server.source_settings import EdgarSettings

USER_AGENT = "QUARTERDECK_MARKETDATA__EDGAR__USER_AGENT"
BAN_S = 600.0
"""Who asks too fast is shut out for ten minutes."""
FORBIDDEN, NOT_FOUND = 403, 404


@asynccontextmanager
async def edgar_source(
    settings: EdgarSettings, web: Web, quotas: QuotaStore
) -> AsyncIterator[EdgarSource]:
    """Make the source."""
    windows = (Window(1.0, settings.requests_per_second),)
    quota = QuotaKeeper(SOURCE, windows, quotas, web.clock)
    await quota.load()
    headers = {"user-agent": settings.user_agent}
    data, files = (
        Reader(web, Place(SOURCE, url, _refuse, headers, {}), quota)
        for url in (settings.data_url, settings.files_url)
    )
    missing = "" if settings.user_agent else USER_AGENT
    yield EdgarSource(Readers(data, files, settings.files_url), quota, web.clock, missing)


def _refuse(status: int, body: bytes) -> QuarterdeckError:
    if status == FORBIDDEN and b"Threshold" in body:
        return Exhausted(SOURCE, f"{SOURCE} was asked too fast", BAN_S)
    if status == FORBIDDEN:
        return VendorRefused(SOURCE, f"{SOURCE} does not accept who asks: see {USER_AGENT}")
    if status == NOT_FOUND:
        return NoSuchPage(SOURCE, "EDGAR has nothing there")
    return NotOffered(SOURCE, f"EDGAR refused with status {status}")
