"""What is asked to be published, and what became of it."""

from dataclasses import dataclass

from quarterdeck_server.marketdata.domain.columns import Batch


@dataclass(frozen=True, slots=True)
class Entry:
    """A batch with its encoded form and its place in the request that brought it."""

    batch: Batch
    payload: bytes
    field: str


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What became of a batch; ``durable_through`` is what history holds of its topic."""

    topic: str
    epoch: int
    first_sequence: int
    last_sequence: int
    durable_through: int
