"""Where a deck is, and how its connections behave."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import grpc

HOST = re.compile(r"[\w.:%-]+")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_RECEIVE_BYTES = 64 * 1024 * 1024
# A dead peer is noticed by pings while calls are open; a dead address is tried again soon, since
# gRPC's own backoff of up to two minutes would keep a stream down long after its server is back.
OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.max_receive_message_length", MAX_RECEIVE_BYTES),
    # Each channel has connections of its own, so that a new one never inherits a dead one.
    ("grpc.use_local_subchannel_pool", 1),
)


@dataclass(frozen=True, slots=True)
class Address:
    """A host and port, reached through TLS or in the clear."""

    target: str
    """``host:port``."""
    tls: bool
    """Whether connections are encrypted."""
    ca_certificate: bytes | None = None
    """The authorities in PEM that may vouch for the deck; the system's if absent."""

    def credentials(self) -> grpc.ChannelCredentials:
        """Make the credentials of an encrypted channel."""
        return grpc.ssl_channel_credentials(root_certificates=self.ca_certificate)


def parse(address: str, ca_certificate: bytes | Path | None = None) -> Address:
    """Read ``host:port``, ``http://host[:port]`` or ``https://host[:port]``.

    Without a scheme only loopback is reached in the clear: a key must not leave the machine
    unencrypted because somebody forgot a letter. Raises ValueError for anything else.
    """
    url = urlsplit(address if "://" in address else f"//{address}")
    host = url.hostname or ""
    if url.scheme not in {"", *DEFAULT_PORTS} or url.path.strip("/") or not HOST.fullmatch(host):
        message = f"address must be host:port, http://host:port or https://host:port, was {address}"
        raise ValueError(message)
    tls = url.scheme == "https" or (not url.scheme and host not in LOOPBACK)
    tls = tls or (ca_certificate is not None and url.scheme != "http")
    port = url.port or DEFAULT_PORTS["https" if tls else "http"]
    authorities = (
        ca_certificate.read_bytes() if isinstance(ca_certificate, Path) else ca_certificate
    )
    return Address(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", tls, authorities)
