"""What every area is handed when it opens."""

from dataclasses import dataclass

from quarterdeck_server.runtime.authenticate import Authenticator
from quarterdeck_server.runtime.background import Background
from quarterdeck_server.runtime.bus.port import Bus
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.runtime.jobs import Jobs
from quarterdeck_server.runtime.live import LiveStreams
from quarterdeck_server.runtime.peers import Peers
from quarterdeck_server.runtime.postgres import Postgres


@dataclass(frozen=True, slots=True)
class Shared:
    """The connections and helpers of this process."""

    postgres: Postgres
    bus: Bus
    clock: Clock
    compute: Compute
    jobs: Jobs
    background: Background
    peers: Peers
    authenticator: Authenticator
    live: LiveStreams
    """For streams that write to their context themselves; generators are watched by the guard."""
