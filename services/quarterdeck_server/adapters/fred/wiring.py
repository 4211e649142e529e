"""How the source is put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from quarterdeck_server.adapters.fred.parse import SOURCE, refuse
from quarterdeck_server.adapters.fred.source import FredSource
from quarterdeck_server.adapters.http.client import Place, Reader, Web
from quarterdeck_server.adapters.http.quota import QuotaKeeper
from quarterdeck_server.marketdata.domain.quota import Window
from quarterdeck_server.marketdata.source_ports import QuotaStore
from quarterdeck_server.source_settings import FredSettings

KEY = "QUARTERDECK_MARKETDATA__FRED__API_KEY"


@asynccontextmanager
async def fred_source(
    settings: FredSettings, web: Web, quotas: QuotaStore
) -> AsyncIterator[FredSource]:
    """Make the source, with what was used of its quota before."""
    windows = (Window(60.0, settings.requests_per_minute),)
    quota = QuotaKeeper(SOURCE, windows, quotas, web.clock)
    await quota.load()
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    place = Place(SOURCE, settings.base_url, refuse, {}, {"api_key": key})
    yield FredSource(Reader(web, place, quota), quota, "" if key else KEY)
