"""What a connection needs from the server it belongs to."""

from typing import Protocol

from quarterdeck_server.runtime.h2.call import Call


class Leaver(Protocol):
    """A connection, as the server sees it."""

    pinged_at: float | None
    heard_at: float

    def drain(self) -> None:
        """Ask the peer for no more calls."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...

    def ping(self) -> None:
        """Ask whether the peer is there."""
        ...

    def abort(self) -> None:
        """End the connection at once."""
        ...


class Site(Protocol):
    """Serves the calls of every connection."""

    connections: set[Leaver]
    max_streams: int
    max_message_bytes: int

    def begin(self, call: Call) -> None:
        """Serve a call."""
        ...

    def refuse_too_large(self, call: Call) -> None:
        """End a call whose request is too large."""
        ...

    def count_fault(self, code: str) -> None:
        """Count a peer that was sent away."""
        ...
