"""What is told about a live stream."""

from dataclasses import dataclass

from quarterdeck_server.stream.engine.reader import Sent


@dataclass(frozen=True, slots=True)
class Connection:
    """A live stream of a reader, at one moment."""

    name: str
    principal: str
    peer: str
    user_agent: str
    open_time_ns: int
    topics: tuple[str, ...]
    sent: Sent
    behind_bytes: int
    behind_s: float
