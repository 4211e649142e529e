"""On which ports the parts of a suite listen."""

from dataclasses import dataclass

from quarterdeck_server.embedded.ports import LOOPBACK, PortBook

EDGE_PORT = 8080


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The ports of one suite, all on loopback."""

    edge: int
    edge_admin: int
    services: int
    services_metrics: int
    stream: int
    stream_metrics: int
    valkey: int

    @property
    def dashboard(self) -> str:
        """What a browser and every client opens."""
        return f"http://{LOOPBACK}:{self.edge}"


def choose_addresses(book: PortBook, edge: int | None) -> Addresses:
    """Choose all ports; fails with PortTaken when the configured one has another owner."""
    return Addresses(
        edge=book.choose("edge", configured=edge, preferred=EDGE_PORT),
        edge_admin=book.choose("edge_admin"),
        services=book.choose("services"),
        services_metrics=book.choose("services_metrics"),
        stream=book.choose("stream"),
        stream_metrics=book.choose("stream_metrics"),
        valkey=book.choose("valkey"),
    )


def local(port: int) -> str:
    """Write a port as an address."""
    return f"{LOOPBACK}:{port}"
