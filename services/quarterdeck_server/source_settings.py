"""Every option of the sources of market data: its type, its default, its unit."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Section(BaseModel):
    """Some options that belong together."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ReplaySettings(Section):
    """The source that plays recorded prices."""

    autostart: bool = False
    """Whether to start it when it never was started."""
    folder: Path | None = None
    """Where CSV and Parquet files of the user lie."""
    seconds_per_day: float = 10.0
    """How much wall clock a trading day takes."""
    start_time: datetime = datetime(2004, 1, 2, tzinfo=UTC)
    """The event time the bundled data start from."""
    quotes_per_second: float = 4.0
    """How many quotes a second are derived for each instrument."""


class IbkrSettings(Section):
    """Interactive Brokers, through a TWS or an IB Gateway."""

    host: str = ""
    """Where the TWS or IB Gateway listens; without one the source cannot be used."""
    port: int = 4001
    """Its port: by default 4001 and 4002 for a gateway, 7496 and 7497 for a TWS, live and paper."""
    client_id: int = 70
    """The number of our client for live data; the two after it are for bars of the past and for
    accounts. No other program may use them."""
    account: str = ""
    """The account to read; the default is every account of the user."""
    market_data: Literal["live", "frozen", "delayed", "delayed_frozen"] = "live"
    """What to ask for; "delayed" gives delayed data where the user has no subscription."""
    tick_by_tick: int = Field(default=3, ge=0)
    """How many instruments' trades are read one by one, of which Interactive Brokers allows few;
    trades of the others come as it aggregates them."""
    contracts: dict[str, int] = {}
    """The contract numbers of instruments whose identifier does not tell which one is meant."""
    answer_timeout: timedelta = timedelta(seconds=10)
    """How long an answer may take."""
    probe_after: timedelta = timedelta(seconds=5)
    """How long nothing may come before it is asked whether it is there."""
    outage_patience: timedelta = timedelta(seconds=30)
    """How long its own connection may be away before the source counts as failed."""


class HttpSettings(Section):
    """How vendors are read over HTTP."""

    timeout: timedelta = timedelta(seconds=30)
    """How long a vendor may be silent."""
    total_timeout: timedelta = timedelta(minutes=5)
    """How long one answer may take as a whole."""
    attempts: int = Field(default=4, ge=1)
    """How often a request is sent before the failure is reported; a backfill comes back later."""
    first_pause: timedelta = timedelta(seconds=1)
    """The pause before the second attempt; it doubles, and is spread by chance."""
    longest_pause: timedelta = timedelta(seconds=60)
    """A vendor that asks for a longer pause is not waited for within a request."""
    max_bytes: int = 128 * 1024 * 1024
    """The largest answer that is read, uncompressed."""
    proxy: SecretStr | None = None
    """The proxy to go through; the environment's are not looked at."""


class AlphaVantageSettings(Section):
    """Alpha Vantage: bars."""

    api_key: SecretStr | None = None
    """Its key; without one the source cannot be used."""
    base_url: str = "https://www.alphavantage.co"
    """Where it answers."""
    requests_per_minute: int = Field(default=5, ge=1)
    """What the plan allows."""
    requests_per_day: int = Field(default=25, ge=1)
    """What the plan allows; the free one allows 25."""


class FredSettings(Section):
    """FRED: statistical series of the Federal Reserve Bank of St. Louis."""

    api_key: SecretStr | None = None
    """Its key; without one the source cannot be used."""
    base_url: str = "https://api.stlouisfed.org"
    """Where it answers."""
    requests_per_minute: int = Field(default=120, ge=1)
    """What it allows."""


class EdgarSettings(Section):
    """EDGAR: filings with the US Securities and Exchange Commission."""

    user_agent: str = ""
    """Who asks, with an address of mail, as the regulator wants it; without one the source cannot
    be used."""
    data_url: str = "https://data.sec.gov"
    """Where filings and facts are."""
    files_url: str = "https://www.sec.gov"
    """Where the list of tickers and the documents are."""
    requests_per_second: int = Field(default=10, ge=1, le=10)
    """What it allows, at most 10."""
