"""The environments of the parts: each gets what it needs, and the node no secret but its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from quarterdeck_server.embedded.addresses import Addresses, WorkerAddress, local
from quarterdeck_server.embedded.state import StateDirectory

SETTINGS_PREFIX = "QUARTERDECK_"
PLAIN = frozenset(
    {"HOME", "LANG", "LC_ALL", "PATH", "SSL_CERT_FILE", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV"}
)
PROXIES = frozenset({"http_proxy", "https_proxy", "no_proxy"})
FOREIGN: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
"""What the servers of others get, which read no settings of ours."""
SERVICES = ("auth", "marketdata", "trading", "analytics", "system")
STREAM = ("stream",)


def plain(inherited: Mapping[str, str]) -> dict[str, str]:
    """Keep of an environment what names places and languages, nothing that could be a secret."""
    return {name: value for name, value in inherited.items() if name in PLAIN}


def settings(inherited: Mapping[str, str]) -> dict[str, str]:
    """Keep of an environment what our servers read: the user's settings and proxies."""
    kept = {
        name: value
        for name, value in inherited.items()
        if name.startswith(SETTINGS_PREFIX) or name.lower() in PROXIES
    }
    # The services meet on loopback, where no proxy leads.
    return {**plain(inherited), **kept, "no_grpc_proxy": "127.0.0.1,localhost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Environments:
    """Builds the environments of our own programs from the user's and the suite's choices."""

    inherited: Mapping[str, str]
    addresses: Addresses
    dsn: str
    redis_url: str
    signing_key: Path
    seed: Path
    state: StateDirectory

    def migrate(self) -> dict[str, str]:
        """Say what the migration needs: where the database is."""
        return _without_vendors(self._common())

    def services(self) -> dict[str, str]:
        """Say what the process of all areas but stream needs."""
        # What the user has set wins over what the demonstration would like.
        return {
            "QUARTERDECK_MARKETDATA__REPLAY__AUTOSTART": "true",
            **self._server(self.addresses.services, self.addresses.services_metrics),
            "QUARTERDECK_AUTH__SIGNING_KEY_FILE": str(self.signing_key),
            "QUARTERDECK_AUTH__SEED_FILE": str(self.seed),
            "QUARTERDECK_SYSTEM__COMPONENTS_FILE": str(self.state.components),
            "QUARTERDECK_SYSTEM__METRICS_ADDRESSES": json.dumps(self._other_metrics()),
        }

    def stream(self, worker: WorkerAddress) -> dict[str, str]:
        """Say what a process of streams needs; it signs nothing and so gets no key."""
        server = self._server(worker.port, worker.metrics)
        return {**_without_vendors(server), "QUARTERDECK_STREAM__WORKER": worker.name}

    def _server(self, port: int, metrics_port: int) -> dict[str, str]:
        return {
            **self._common(),
            "QUARTERDECK_SERVER__LISTEN": local(port),
            "QUARTERDECK_SERVER__METRICS_PORT": str(metrics_port),
        }

    def _common(self) -> dict[str, str]:
        return {
            "QUARTERDECK_LOG__FORMAT": "json",
            **settings(self.inherited),
            "QUARTERDECK_DATA_DIR": str(self.state.path),
            "QUARTERDECK_POSTGRES__DSN": self.dsn,
            "QUARTERDECK_REDIS__URL": self.redis_url,
            "QUARTERDECK_PEERS": self._peers(),
        }

    def _peers(self) -> str:
        homes = dict.fromkeys(SERVICES, local(self.addresses.services))
        # The first worker stands for the area; the others are named so that their health is known.
        workers = {worker.name: local(worker.port) for worker in self.addresses.streams}
        return json.dumps({**homes, **workers})

    def _other_metrics(self) -> dict[str, str]:
        return {worker.name: local(worker.metrics) for worker in self.addresses.streams}


def _without_vendors(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out what only the process of market data reads: the keys of vendors among it."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(f"{SETTINGS_PREFIX}MARKETDATA__")
    }
