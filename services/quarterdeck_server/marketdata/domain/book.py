"""Order books: the levels at one moment, and changes of them. They are streamed, not stored."""

from dataclasses import dataclass

import numpy as np

from quarterdeck_server.kernel.topics import topic
from quarterdeck_server.marketdata.domain.columns import Ints


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """The levels of an instrument's book, best first; prices and sizes are scaled integers."""

    instrument: str
    price_precision: int
    size_precision: int
    event_time_ns: int
    bid_price: Ints
    bid_size: Ints
    ask_price: Ints
    ask_size: Ints

    @property
    def topic(self) -> str:
        """Where it is published."""
        return topic("books", self.instrument)

    @property
    def times(self) -> Ints:
        """When it was so: one row."""
        return np.array([self.event_time_ns], dtype=np.int64)

    def __len__(self) -> int:
        return 1


@dataclass(frozen=True, slots=True, eq=False)
class Deltas:
    """Changes of an instrument's book; a size of 0 removes the level."""

    instrument: str
    price_precision: int
    size_precision: int
    event_time_ns: Ints
    side: Ints
    price: Ints
    size: Ints

    @property
    def topic(self) -> str:
        """Where they are published."""
        return topic("deltas", self.instrument)

    @property
    def times(self) -> Ints:
        """When each change happened."""
        return self.event_time_ns

    def __len__(self) -> int:
        return len(self.event_time_ns)
