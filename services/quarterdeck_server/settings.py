"""Every option of the deck: its type, its default and its unit.

Read once, in ``cli.py``: from the environment (``QUARTERDECK_`` and ``__`` between the levels),
then from ``quarterdeck.toml`` in the working directory. Each part receives its own section.
"""

from datetime import time, timedelta
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.source_settings import (
    AlphaVantageSettings,
    EdgarSettings,
    FredSettings,
    HttpSettings,
    IbkrSettings,
    ReplaySettings,
    Section,
)


class PostgresSettings(Section):
    """The database."""

    dsn: SecretStr = SecretStr("postgresql:///quarterdeck")
    """Where the database is; ``DATABASE_URL`` sets it too."""
    pool_size: int = 8
    """Connections each process holds at most."""
    command_timeout: timedelta = timedelta(seconds=30)
    """How long a statement may take."""


class RedisSettings(Section):
    """The bus between processes."""

    url: SecretStr | None = None
    """Where it is; ``REDIS_URL`` sets it too. Without one, everything runs in one process.

    ``redis+cluster://`` and ``rediss+cluster://`` name nodes of a Redis Cluster, with commas."""
    stream: str = "quarterdeck:bus"
    """What the keys of the bus begin with."""
    shards: int = Field(default=1, ge=1, le=64)
    """Over how many streams the topics are spread, the same in every process; a cluster wants at
    least as many as it has masters."""
    retention: timedelta = timedelta(seconds=60)
    """How long the bus keeps what was published."""
    repair_window: timedelta = timedelta(seconds=5)
    """How long a publisher can write again what a failover of Redis lost; longer than that takes,
    and at most 16 MiB a stream."""


class ServerSettings(Section):
    """How a server process listens."""

    listen: str = "127.0.0.1:0"
    """The address for gRPC, ``host:port`` or ``unix:/path``."""
    metrics_port: int = 0
    """The port for Prometheus on loopback; 0 picks none."""
    grace: timedelta = timedelta(seconds=5)
    """How long calls in flight may take when the process stops."""
    max_message_bytes: int = 4 * 1024 * 1024
    """The largest request a service accepts."""
    default_deadline: timedelta = timedelta(seconds=30)
    """How long a unary call may take when the client sets no deadline."""


class AuthSettings(Section):
    """Tokens and credentials."""

    signing_key_file: Path | None = None
    """The PEM file with the ES256 private key that signs tokens; needed where auth is served."""
    retired_keys_folder: Path | None = None
    """A folder with public keys that still verify tokens signed before a rotation."""
    access_token_lifetime: timedelta = timedelta(minutes=15)
    """How long an access token works."""
    refresh_token_lifetime: timedelta = timedelta(hours=12)
    """How long a session can be renewed without signing in again."""
    seed_file: Path | None = None
    """Principals that must exist when the deck starts, with their secrets."""


class StreamSettings(Section):
    """The fan-out of live events."""

    workers: int = Field(default=1, ge=1, le=64)
    """How many stream workers `up` runs; more than the machine has processors do not help."""
    worker: str = Field(default="", pattern="^[a-z0-9.-]{0,63}$")
    """The name of this stream worker, which no other may have; the default is a random one."""
    address: str = ""
    """Where other stream workers reach this one; the default is where it listens."""
    heartbeat: timedelta = Field(default=timedelta(seconds=5), gt=timedelta(0))
    """How often a stream says that it lives, when the reader does not choose."""
    ring_window: timedelta = Field(default=timedelta(seconds=60), gt=timedelta(0))
    """How long events are kept for readers that come back."""
    ring_bytes: int = Field(default=64 * 1024 * 1024, gt=0)
    """How many bytes of events a process keeps at most."""
    cut_bytes: int = Field(default=8 * 1024 * 1024, gt=0)
    """A reader that is further behind is cut."""
    cut_after: timedelta = Field(default=timedelta(seconds=10), gt=timedelta(0))
    """A reader that is longer behind is cut."""
    streams_per_principal: int = Field(default=100, gt=0)
    """Streams of a principal at the same time."""
    subscriptions_per_stream: int = Field(default=1_000, gt=0)
    """Subscriptions in a stream, each excluded topic counted as one."""
    opens_per_minute: int = Field(default=300, gt=0)
    """Streams a principal may open within a minute at one worker."""
    replays_per_principal: int = Field(default=10, gt=0)
    """Replays of a principal at the same time at one worker."""
    stale_after: dict[str, timedelta] = Field(
        default={"quotes": timedelta(seconds=30), "trades": timedelta(minutes=5)}
    )
    """How long a topic of a kind may be silent; kinds not named are never stale."""
    alert_pause: timedelta = Field(default=timedelta(seconds=5), ge=timedelta(0))
    """How long alerts of a kind of topics wait for others after one was sent."""
    alert_webhook: SecretStr | None = None
    """Where alerts of silent sources are posted as JSON, beside the notices in the stream."""


class MarketDataSettings(Section):
    """Ingest, history and sources."""

    history_queue_rows: int = 1_000_000
    """Rows that may wait for the database; more are dropped, counted and visible as holes."""
    tick_retention: timedelta = timedelta(days=7)
    """How long quotes and trades are kept, by the time they were published."""
    minute_retention: timedelta = timedelta(days=400)
    """How long bars of a minute that were made of ticks are kept after their last change; those of
    hours and days are kept for ever."""
    bar_settle_time: timedelta = timedelta(minutes=1)
    """When nothing came for so long, a bar whose time is over is complete, whatever may follow."""
    publish_rows_per_second: int = Field(default=1_000_000, gt=0)
    """Rows a principal may publish each second."""
    publish_streams_per_principal: int = Field(default=20, gt=0)
    """Calls of PublishStream of a principal at the same time."""
    publish_burst: timedelta = timedelta(seconds=2)
    """For how many seconds' worth of rows a principal may be ahead of its rate."""
    future_tolerance: timedelta = timedelta(days=1)
    """How far after now an event time may lie."""
    replay: ReplaySettings = ReplaySettings()
    """The source that plays recorded prices."""
    http: HttpSettings = HttpSettings()
    """How vendors are read over HTTP."""
    alphavantage: AlphaVantageSettings = AlphaVantageSettings()
    """Alpha Vantage: bars."""
    fred: FredSettings = FredSettings()
    """FRED: statistical series."""
    edgar: EdgarSettings = EdgarSettings()
    """EDGAR: filings."""
    refresh_interval: timedelta | None = timedelta(hours=6)
    """How often series and companies that were backfilled are read again; nothing means never."""
    backfill_patience: timedelta = timedelta(days=1)
    """How long a backfill tries again while a vendor does not answer; then that part fails."""
    ibkr: IbkrSettings = IbkrSettings()
    """The source that is Interactive Brokers."""


class TradingSettings(Section):
    """The trading log and the portfolio."""

    node_lost_after: timedelta = timedelta(seconds=10)
    """A node that has not reported for so long is lost."""
    equity_interval: timedelta = timedelta(seconds=5)
    """How often a changed equity is kept as a point of its curve."""
    reporting_currency: str = Field(default="", pattern=r"^([A-Z0-9][A-Z0-9._-]{0,15})?$")
    """In which the profit of all accounts together is told; empty means the base currency that the
    accounts share, and without one it is not told."""
    doubt_after: timedelta = timedelta(seconds=30)
    """A fill whose order stays unknown, or an order unanswered, for so long is a break."""
    day_zone: str = "UTC"
    """The zone of ``day_roll``, for example ``America/New_York``."""
    day_roll: time = time()
    """When a trading day ends; with 17:00, Monday's begins on Sunday at 17:00. A whole minute
    that the clocks of the zone neither skip nor repeat."""
    point_retention: timedelta = Field(default=timedelta(days=90), gt=timedelta(0))
    """How long points of equity curves are kept after the last of their four weeks was stored; what
    they come to by minute stays."""
    minute_retention: timedelta = Field(default=timedelta(days=400), gt=timedelta(0))
    """How long curves and activity by minute are kept after their last change; those by hour and
    day are kept for ever."""

    @field_validator("day_zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"no such time zone: {value}") from error
        return value

    @field_validator("day_roll")
    @classmethod
    def _is_a_minute(cls, value: time) -> time:
        if value.second or value.microsecond or value.tzinfo is not None:
            raise ValueError(f"must be a whole minute without a zone, was {value}")
        return value

    @model_validator(mode="after")
    def _days_are_whole(self) -> Self:
        if found := DayRoll(ZoneInfo(self.day_zone), self.day_roll).unsteady_on():
            problem = "must not be a time that clocks of day_zone skip or repeat, as they do on"
            raise ValueError(f"day_roll: {problem} {found}, was {self.day_roll}")
        return self


class SystemSettings(Section):
    """What the system service looks at."""

    components_file: Path | None = None
    """The file in which the supervisor tells what it runs."""
    metrics_addresses: dict[str, str] = Field(default={})
    """The Prometheus addresses of other server processes by name, ``host:port``."""


class LogSettings(Section):
    """Logging."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least level that is written."""
    format: Literal["json", "console"] = "json"
    """One JSON object a line, or text for a terminal."""


class NodeSettings(Section):
    """Nodes that the deck runs."""

    python: Path | None = None
    """The interpreter with the trading engine; the default is the deck's own."""


class EdgeSettings(Section):
    """The edge that browsers and programs reach."""

    host: str = "127.0.0.1"
    """The address it listens on."""
    port: int | None = None
    """Its port; the default is 8080, or a free one if that is taken, kept across restarts."""
    allowed_origins: list[str] = Field(default=[])
    """Other origins whose pages may call it."""


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix="QUARTERDECK_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        toml_file="quarterdeck.toml",
        use_attribute_docstrings=True,
    )

    data_dir: Path = Path(".quarterdeck")
    """Where everything lies that must survive a restart."""
    database_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("DATABASE_URL")
    )
    """A database of the user's own: then none is started."""
    redis_url: SecretStr | None = Field(default=None, validation_alias=AliasChoices("REDIS_URL"))
    """A Redis of the user's own: then none is started."""
    postgres: PostgresSettings = PostgresSettings()
    """The database."""
    redis: RedisSettings = RedisSettings()
    """The bus between processes."""
    server: ServerSettings = ServerSettings()
    """How a server process listens."""
    peers: dict[str, str] = {}
    """Where areas that run elsewhere are reached, ``host:port`` by area; the default is here."""
    auth: AuthSettings = AuthSettings()
    """Tokens and credentials."""
    stream: StreamSettings = StreamSettings()
    """The fan-out of live events."""
    marketdata: MarketDataSettings = MarketDataSettings()
    """Ingest, history and sources."""
    trading: TradingSettings = TradingSettings()
    """The trading log and the portfolio."""
    system: SystemSettings = SystemSettings()
    """What the system service looks at."""
    log: LogSettings = LogSettings()
    """Logging."""
    node: NodeSettings = NodeSettings()
    """Nodes that the deck runs."""
    edge: EdgeSettings = EdgeSettings()
    """The edge that browsers and programs reach."""

    @property
    def dsn(self) -> str:
        """Where the database is."""
        return (self.database_url or self.postgres.dsn).get_secret_value()

    @property
    def bus_url(self) -> str | None:
        """Where the bus is, or nothing for a bus within this process."""
        url = self.redis_url or self.redis.url
        return url.get_secret_value() if url else None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the arguments first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
