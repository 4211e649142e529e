"""How calls are counted, under the names every gRPC dashboard knows, and where they are read."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram, start_http_server

LABELS = ["grpc_type", "grpc_service", "grpc_method"]

STARTED = Counter("grpc_server_started_total", "Calls begun.", LABELS)
HANDLED = Counter("grpc_server_handled_total", "Calls ended.", [*LABELS, "grpc_code"])
DURATION = Histogram(
    "grpc_server_handling_seconds",
    "Time from the request to the end of the call.",
    LABELS,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
OPEN_STREAMS = Gauge("quarterdeck_server_open_streams", "Streams being served.", LABELS[1:])


class Meter:
    """Counts the calls of one rpc; its labels are looked up once, not at each call."""

    def __init__(self, kind: str, service: str, name: str) -> None:
        self._labels = (kind, service, name)
        self._started = STARTED.labels(*self._labels)
        self._duration = DURATION.labels(*self._labels)
        self._open = OPEN_STREAMS.labels(service, name) if kind != "unary" else None
        self._handled: dict[str, Counter] = {}

    def begin(self) -> None:
        """Count a call that begins."""
        self._started.inc()
        if self._open is not None:
            self._open.inc()

    def end(self, code: str, seconds: float) -> None:
        """Count a call that ended with a code."""
        if code not in self._handled:
            self._handled[code] = HANDLED.labels(*self._labels, code)
        self._handled[code].inc()
        self._duration.observe(seconds)
        if self._open is not None:
            self._open.dec()


@contextmanager
def exposed(port: int) -> Iterator[None]:
    """Offer the metrics to Prometheus on loopback while the block runs; port 0 offers none."""
    if not port:
        yield
        return
    server, thread = start_http_server(port, addr="127.0.0.1")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=1)
