"""Runs the deck that is measured: the real suite without its demonstration.

Run as `python -m tests.load.suite <folder>`; says `ready {json}` on its output, where the JSON
tells the addresses, and ends at SIGINT. Settings come from the environment, as for
`quarterdeck up`.
"""

import asyncio
import json
import os
import socket
import sys
from pathlib import Path

from quarterdeck_server.embedded import credentials
from quarterdeck_server.embedded.assets import Assets, find_assets
from quarterdeck_server.embedded.components import read_components
from quarterdeck_server.embedded.lock import exclusive
from quarterdeck_server.embedded.options import SuiteOptions
from quarterdeck_server.embedded.state import StateDirectory
from quarterdeck_server.embedded.suite import Suite
from quarterdeck_server.embedded.supervisor import Supervisor, supervise

STREAM = "stream"


def free_port() -> int:
    """Return a port for the edge that suites which start at the same moment do not choose."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def say(text: str) -> None:
    """Write a line that the caller reads at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def main(path: Path) -> None:
    """Run until a signal comes."""
    state = StateDirectory.at(path)
    workers = int(os.environ.get("QUARTERDECK_STREAM__WORKERS", "1"))
    options = SuiteOptions(
        state=state,
        inherited=os.environ,
        edge_port=free_port(),
        with_node=False,
        stream_workers=workers,
    )
    page = state.path / "page"
    page.mkdir(exist_ok=True)
    (page / "index.html").write_text("<title>Load</title>")
    with exclusive(state):
        ensured = credentials.ensure(state)
        suite = Suite(options, ensured.credentials, Assets(find_assets().gateway, page))
        parts = suite.parts()
        streams = {part.name: part for part in parts if part.name.startswith(STREAM)}

        def ready() -> None:
            running = {one.name: one.pid for one in read_components(state.components)}
            first = next(iter(streams.values()))
            where = {
                "edge": f"127.0.0.1:{suite.addresses.edge}",
                "services": f"127.0.0.1:{suite.addresses.services}",
                "streams": [
                    part.environment["QUARTERDECK_SERVER__LISTEN"] for part in streams.values()
                ],
                "bus": first.environment["QUARTERDECK_REDIS__URL"],
                "password": credentials.read(ensured.credentials.admin_password),
                "workers": [running[name] for name in streams],
                "pids": running,
                "page": str(page),
            }
            say(f"ready {json.dumps(where)}")

        await supervise(Supervisor(parts, state, lambda _: None), lambda _: None, ready)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
