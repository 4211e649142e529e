"""Valkey servers of a test's own: one, or a cluster of masters and replicas, all on loopback."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from quarterdeck_server.embedded import binaries

SLOTS = 16384
NODE_TIMEOUT_MS = 500
PATIENCE_S = 20.0


@dataclass
class Server:
    """A server that can be killed, paused and started again at its port."""

    folder: Path
    port: int
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    client: "redis.Redis" = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        # Without retries of its own, whose pauses are longer than a start.
        self.client = redis.Redis(port=self.port, retry=Retry(NoBackoff(), 0))

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [str(binaries.valkey_server()), "--port", str(self.port), "--bind", "127.0.0.1"]
        where = ["--dir", str(self.folder), "--save", "", "--logfile", str(self.folder / "log")]
        self.process = subprocess.Popen([*command, *where, *self.options])
        wait_for(self.client.ping)

    def signal(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

    def close(self) -> None:
        self.client.close()
        if self.process is not None and self.process.poll() is None:
            self.kill()


@contextlib.contextmanager
def server(folder: Path, *options: str) -> Iterator[Server]:
    """Run one server."""
    one = Server(folder / "valkey", free_port(), options)
    try:
        one.start()
        yield one
    finally:
        one.close()


@dataclass
class Cluster:
    """Masters, each with some of the slots, and replicas of the first ones."""

    masters: list[Server]
    replicas: list[Server]

    @property
    def nodes(self) -> list[Server]:
        return [*self.masters, *self.replicas]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.masters)

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        self._share_out()
        for node in self.nodes[1:]:
            self.masters[0].client.execute_command("CLUSTER MEET", "127.0.0.1", node.port)
        wait_for(lambda: all(_info(node, "known_nodes") == len(self.nodes) for node in self.nodes))
        for replica, master in zip(self.replicas, self.masters, strict=False):
            name = master.client.execute_command("CLUSTER MYID").decode()
            wait_for(lambda one=replica, of=name: one.client.cluster("REPLICATE", of))
        wait_for(
            lambda: all(
                node.client.info("replication")["connected_slaves"]
                for node in self.masters[: len(self.replicas)]
            )
        )
        wait_for(lambda: all(_info(node, "state") == "ok" for node in self.nodes))

    def _share_out(self) -> None:
        count = len(self.masters)
        edges = [SLOTS * place // count for place in range(count + 1)]
        for place, node in enumerate(self.masters):
            span = edges[place], edges[place + 1] - 1
            node.client.execute_command("CLUSTER ADDSLOTSRANGE", *span)
            node.client.execute_command("CLUSTER SET-CONFIG-EPOCH", place + 1)


@contextlib.contextmanager
def cluster(folder: Path, masters: int = 3, replicas: int = 1) -> Iterator[Cluster]:
    """Run a cluster."""
    options = (
        *("--cluster-enabled", "yes", "--cluster-node-timeout", str(NODE_TIMEOUT_MS)),
        *("--cluster-require-full-coverage", "no", "--repl-diskless-sync-delay", "0"),
    )
    nodes = [
        Server(folder / f"n{place}", free_port(), options) for place in range(masters + replicas)
    ]
    whole = Cluster(nodes[:masters], nodes[masters:])
    try:
        whole.start()
        yield whole
    finally:
        for node in nodes:
            node.close()


def wait_for(claim: Callable[[], object]) -> None:
    """Wait until a claim holds; what raises does not hold yet."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(RedisError, OSError):
            if claim():
                return
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def free_port() -> int:
    """Return a port whose neighbour for the cluster's own talk is one too."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    return port if port + 10_000 < 65_536 else port - 20_000


def _info(node: Server, name: str) -> int | str:
    value = node.client.cluster("INFO")[f"cluster_{name}"]
    return int(value) if value.isdigit() else str(value)
