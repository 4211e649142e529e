"""Positions that are taken anew, before anybody sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quarterdeck_server.trading.portfolio import Fill, Position, PositionKey, Replay


@dataclass(frozen=True, slots=True)
class Retold:
    """A position as it will be, at average cost and first in, first out."""

    average: Replay
    fifo: Replay

    @property
    def known_ns(self) -> int:
        """The time after which all fills are needed."""
        return min(self.average.known_ns, self.fifo.known_ns)

    def run(self, fills: Sequence[Fill]) -> None:
        """Take the fills that count after that time, in the order of the log."""
        self.average.run(fills)
        self.fifo.run(fills)

    def position(self) -> Position:
        """Return the position without a mark."""
        return self.average.holding.view(None)


type Anew = Mapping[PositionKey, Retold]
