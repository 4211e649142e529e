"""Valkey on this machine: the bus between the processes, spoken to as Redis.

It listens on loopback with a generated password and appends every write to a file that is
flushed each second. When its memory is full it refuses writes instead of dropping keys: a bus
that forgets silently would break the promise that a gap is always announced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM
from urllib.parse import quote

from quarterdeck_server.embedded.files import private_folder, write_whole
from quarterdeck_server.embedded.part import Part
from quarterdeck_server.embedded.ports import LOOPBACK
from quarterdeck_server.embedded.probes import redis_answers

NODE = "node"
NODE_RIGHTS = "~trader-* resetchannels +@all -@admin -@dangerous -@pubsub +info +keys"
"""Nodes run code of others: they get the keys of the engine's cache, not the bus."""
CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
user {node} on >{node_password} {node_rights}
dir {folder}
appendonly yes
appendfsync everysec
save ""
maxmemory {maxmemory_mb}mb
maxmemory-policy noeviction
daemonize no
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValkeyServer:
    """A Valkey server and its data folder."""

    home: Path
    program: Path
    port: int
    password: str
    node_password: str
    maxmemory_mb: int = 256

    @property
    def url(self) -> str:
        """The address with its password, in Redis form."""
        return f"redis://:{quote(self.password, safe='')}@{LOOPBACK}:{self.port}/0"

    @property
    def node_url(self) -> str:
        """The address for nodes, with a password for their keys alone."""
        return f"redis://{NODE}:{quote(self.node_password, safe='')}@{LOOPBACK}:{self.port}/0"

    async def prepare(self) -> None:
        """Write the configuration; the password is in a file because arguments are public."""
        data = private_folder(self.home / "data")
        text = CONFIGURATION.format(
            host=LOOPBACK,
            port=self.port,
            password=self.password,
            node=NODE,
            node_password=self.node_password,
            node_rights=NODE_RIGHTS,
            folder=f'"{data}"',
            maxmemory_mb=self.maxmemory_mb,
        )
        write_whole(private_folder(self.home) / "valkey.conf", text)

    def part(self, log: Path, environment: Mapping[str, str]) -> Part:
        """Describe it to the supervisor."""
        return Part(
            name="valkey",
            argv=(str(self.program), str(self.home / "valkey.conf")),
            environment=environment,
            log=log,
            prepare=self.prepare,
            ready=redis_answers(self.url),
            stop_signals=(SIGTERM, SIGKILL),
        )
