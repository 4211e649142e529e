"""What the user decides about a suite; everything else is chosen when it starts."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from quarterdeck_server.embedded.ports import LOOPBACK
from quarterdeck_server.embedded.state import StateDirectory
from quarterdeck_server.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteOptions:
    """The decisions of one user for one suite."""

    state: StateDirectory
    inherited: Mapping[str, str]
    """The environment `up` was called with; settings in it reach the services."""
    database_url: str | None = None
    """A PostgreSQL server of the user's own; none is started then."""
    redis_url: str | None = None
    """A Redis server of the user's own; none is started then."""
    edge_host: str = LOOPBACK
    """The address the dashboard is at."""
    edge_port: int | None = None
    """The port the dashboard must have; absent: 8080, or another when that is taken."""
    stream_workers: int = 1
    """How many processes serve streams."""
    allowed_origins: tuple[str, ...] = ()
    """Other origins whose pages may call the edge."""
    node_python: Path = Path(sys.executable)
    """The interpreter that has NautilusTrader."""
    with_node: bool = True
    """Whether the demonstration trades."""
    folder: Path = field(default_factory=Path.cwd)
    """What relative paths in the settings start from."""


def options_from(settings: Settings, inherited: Mapping[str, str]) -> SuiteOptions:
    """Take from the settings what concerns a suite on this machine."""
    return SuiteOptions(
        state=StateDirectory.at(settings.data_dir),
        inherited=inherited,
        database_url=_reveal(settings.database_url),
        redis_url=_reveal(settings.redis_url),
        edge_host=settings.edge.host,
        edge_port=settings.edge.port,
        stream_workers=settings.stream.workers,
        allowed_origins=tuple(settings.edge.allowed_origins),
        node_python=settings.node.python or Path(sys.executable),
    )


def _reveal(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
