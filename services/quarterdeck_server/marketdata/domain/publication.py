"""What is asked to be published, and what became of it."""

from dataclasses import dataclass, replace

from quarterdeck_server.marketdata.domain.book import Book, Deltas
from quarterdeck_server.marketdata.domain.columns import Batch
from quarterdeck_server.marketdata.domain.status import Status

type Publishable = Batch | Book | Deltas | Status
"""What can be published: batches, which are stored too, and what is streamed only."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A batch with its encoded form and its place in the request that brought it."""

    batch: Publishable
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

    @property
    def rows(self) -> int:
        """How many rows were published."""
        return self.last_sequence - self.first_sequence + 1

    def after(self, earlier: "Acknowledgement") -> "Acknowledgement":
        """Return where the topic stands after both, from the first row of the earlier one."""
        return replace(self, first_sequence=earlier.first_sequence)
