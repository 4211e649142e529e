"""On which ports the parts of a suite listen."""

from dataclasses import dataclass

from quarterdeck_server.embedded.ports import LOOPBACK, PortBook

EDGE_PORT = 8080
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound to)
"""Addresses one listens on and cannot open."""


@dataclass(frozen=True, slots=True)
class WorkerAddress:
    """A stream worker and its ports."""

    name: str
    port: int
    metrics: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The ports of one suite, all on loopback but the edge's."""

    edge_host: str
    edge: int
    edge_admin: int
    services: int
    services_metrics: int
    streams: tuple[WorkerAddress, ...]
    valkey: int

    @property
    def dashboard(self) -> str:
        """What a browser and every client opens."""
        everywhere = self.edge_host in EVERYWHERE
        return f"http://{LOOPBACK if everywhere else self.edge_host}:{self.edge}"


def choose_addresses(
    book: PortBook, edge_host: str, edge_port: int | None, stream_workers: int = 1
) -> Addresses:
    """Choose all ports; fails with PortTaken when the configured one has another owner."""
    return Addresses(
        edge_host=edge_host,
        edge=book.choose("edge", host=edge_host, configured=edge_port, preferred=EDGE_PORT),
        edge_admin=book.choose("edge_admin"),
        services=book.choose("services"),
        services_metrics=book.choose("services_metrics"),
        streams=tuple(_worker(book, number) for number in range(1, stream_workers + 1)),
        valkey=book.choose("valkey"),
    )


def _worker(book: PortBook, number: int) -> WorkerAddress:
    name = "stream" if number == 1 else f"stream-{number}"
    return WorkerAddress(name, book.choose(name), book.choose(f"{name}_metrics"))


def local(port: int) -> str:
    """Write a port as an address."""
    return f"{LOOPBACK}:{port}"
