"""The configuration file of a node: JSON, or TOML by its ending."""

import os
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

type LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

API_KEY_VARIABLE = "QUARTERDECK_API_KEY"
REDIS_URL_VARIABLE = "QUARTERDECK_NODE_REDIS_URL"


class ConfigurationError(Exception):
    """The configuration cannot be used; the message names the field."""


class StrategyChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A strategy to run, and its parameters."""

    strategy: str
    """Where its class is, ``module:Class``."""
    config: str
    """Where the class of its parameters is, ``module:Class``."""
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    """The parameters; nothing secret, since the engine shows them."""


class NodeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A node that trades on paper on the market data of a deck."""

    node: str
    """Its identifier in the deck, for example ``demo-node``."""
    account: str
    """The account it trades in, for example ``SIM-001``."""
    address: str
    """Where the deck is, ``host:port`` or a URL."""
    state_folder: Path
    """Where it keeps its spool."""
    strategies: list[StrategyChoice]
    """What it runs."""
    api_key: str = ""
    """Its key; better given by ``api_key_file`` or the variable QUARTERDECK_API_KEY."""
    api_key_file: Path | None = None
    """A file with its key."""
    redis_url: str = ""
    """Where its cache survives; also the variable QUARTERDECK_NODE_REDIS_URL."""
    ca_certificate_file: Path | None = None
    """The authority that vouches for the deck, in PEM."""
    display_name: str = ""
    """What people read."""
    trader: str = ""
    """The engine's name of the trader; by default made from ``node``."""
    base_currency: str = "USD"
    """In which currency its equity is told."""
    opening_balance: Decimal = Decimal(1_000_000)
    """What a new account starts from."""
    taker_fee: Decimal = Decimal("0.0001")
    """The fee of the simulated venues as a fraction of the value traded."""
    log_level: LogLevel = "INFO"
    """How much it logs of its life at the deck."""
    engine_log_level: LogLevel = "WARNING"
    """How much the engine logs; with INFO several lines for each event."""

    @property
    def trader_id(self) -> str:
        """The engine's name of the trader: a name, a hyphen, a tag."""
        return self.trader or f"{self.node.upper()}-001"

    def secret(self) -> str:
        """Return the key. Raises ConfigurationError if there is none."""
        if self.api_key:
            return self.api_key
        if self.api_key_file is not None:
            return _text(self.api_key_file, "api_key_file").strip()
        if key := os.environ.get(API_KEY_VARIABLE):  # noqa: TID251 - where secrets may come from
            return key
        raise ConfigurationError(f"api_key, api_key_file or {API_KEY_VARIABLE} must be given")

    def cache_url(self) -> str:
        """Return where the cache survives; empty if it does not."""
        return self.redis_url or os.environ.get(REDIS_URL_VARIABLE, "")  # noqa: TID251


def read(file: Path) -> NodeConfig:
    """Read a configuration. Raises ConfigurationError naming the field."""
    text = _text(file, "the configuration")
    try:
        raw = tomllib.loads(text) if file.suffix == ".toml" else msgspec.json.decode(text)
        config = msgspec.convert(raw, NodeConfig, dec_hook=_decoded)
    except (tomllib.TOMLDecodeError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{file}: {error}") from error
    _check(config)
    return config


def _decoded(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(f"{kind.__name__} cannot be read from {value!r}")


def _check(config: NodeConfig) -> None:
    for field in ("node", "account", "address"):
        if not getattr(config, field):
            raise ConfigurationError(f"{field} must not be empty")
    if not config.strategies:
        raise ConfigurationError("strategies must name at least one")
    if config.opening_balance <= 0:
        raise ConfigurationError(
            f"opening_balance must be above zero, was {config.opening_balance}"
        )
    if config.taker_fee < 0:
        raise ConfigurationError(f"taker_fee must not be negative, was {config.taker_fee}")


def _text(file: Path, what: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{what} cannot be read: {error}") from error
