"""How the source is put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from quarterdeck_server.adapters.alphavantage.parse import SOURCE
from quarterdeck_server.adapters.alphavantage.source import AlphaVantageSource
from quarterdeck_server.adapters.http.client import Place, Reader, Web
from quarterdeck_server.adapters.http.quota import QuotaKeeper
from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.marketdata.domain.quota import Window
from quarterdeck_server.marketdata.domain.source import VendorRefused
from quarterdeck_server.marketdata.source_ports import QuotaStore
from quarterdeck_server.source_settings import AlphaVantageSettings

KEY = "QUARTERDECK_MARKETDATA__ALPHAVANTAGE__API_KEY"


@asynccontextmanager
async def alphavantage_source(
    settings: AlphaVantageSettings, web: Web, quotas: QuotaStore
) -> AsyncIterator[AlphaVantageSource]:
    """Make the source, with what was used of its quota before."""
    windows = (
        Window(60.0, settings.requests_per_minute),
        Window(86_400.0, settings.requests_per_day),
    )
    quota = QuotaKeeper(SOURCE, windows, quotas, web.clock)
    await quota.load()
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    place = Place(SOURCE, settings.base_url, _refuse, {}, {"apikey": key})
    missing = "" if key else KEY
    yield AlphaVantageSource(Reader(web, place, quota), quota, web.clock, missing)


def _refuse(status: int, _: bytes) -> QuarterdeckError:
    return VendorRefused(SOURCE, f"answered with status {status}")
