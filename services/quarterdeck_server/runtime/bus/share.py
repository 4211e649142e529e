"""Which part of the topics a stream of the bus carries: each topic has one, always the same."""

import zlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """The topics of one of ``count`` streams."""

    number: int = 0
    count: int = 1

    def holds(self, topic: str) -> bool:
        """Tell whether a topic is one of them."""
        return self.count == 1 or number_of(topic, self.count) == self.number


WHOLE = Share()


def number_of(topic: str, count: int) -> int:
    """Return which of ``count`` streams carries a topic."""
    return zlib.crc32(topic.encode()) % count
