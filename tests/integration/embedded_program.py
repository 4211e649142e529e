"""Supervises a real PostgreSQL and a real Valkey on a state directory until it is told to stop.

Run as `python embedded_program.py <state directory>`; says
`ready <dsn> <url> <url for nodes>` on its output.
"""

import asyncio
import sys
from pathlib import Path

from quarterdeck_server.embedded import binaries, credentials
from quarterdeck_server.embedded.identity import server_identity
from quarterdeck_server.embedded.lock import exclusive
from quarterdeck_server.embedded.ports import PortBook
from quarterdeck_server.embedded.postgres import PostgresServer, find_place
from quarterdeck_server.embedded.state import StateDirectory
from quarterdeck_server.embedded.supervisor import Supervisor, supervise
from quarterdeck_server.embedded.valkey import ValkeyServer

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def postgres_of(state: StateDirectory) -> PostgresServer:
    """Describe the PostgreSQL server of a state directory."""
    wheel = binaries.postgres_root()
    place = find_place(state.path, wheel, server_identity())
    return PostgresServer(place=place, wheel=wheel, environment=ENVIRONMENT)


def valkey_of(state: StateDirectory) -> ValkeyServer:
    """Describe the Valkey server of a state directory."""
    made = credentials.ensure(state).credentials
    return ValkeyServer(
        home=state.path / "valkey",
        program=binaries.valkey_server(),
        port=PortBook(state.ports).choose("valkey"),
        password=credentials.read(made.valkey_password),
        node_password=credentials.read(made.node_cache_password),
    )


def say(text: str) -> None:
    """Write a line that the test reads at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def main(path: Path) -> None:
    """Run both servers until a signal comes."""
    state = StateDirectory.at(path)
    with exclusive(state):
        postgres, valkey = postgres_of(state), valkey_of(state)
        parts = [
            postgres.part(state.log("postgres")),
            valkey.part(state.log("valkey"), ENVIRONMENT),
        ]
        supervisor = Supervisor(parts, state, say)
        await supervise(
            supervisor, say, lambda: say(f"ready {postgres.dsn()} {valkey.url} {valkey.node_url}")
        )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
