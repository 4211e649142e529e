"""Positions that are taken anew, before anybody sees them."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from quarterdeck_server.kernel.money import exact
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

    def take(self, fills: Sequence[Fill]) -> None:
        """Take the next fills that count, in their order."""
        with exact():
            for replay in (self.average, self.fifo):
                _exhaust(replay.steps(one for one in fills if one.time_ns > replay.known_ns))

    def finish(self) -> None:
        """Take what happened after the last fill."""
        with exact():
            for replay in (self.average, self.fifo):
                _exhaust(replay.rest())

    def position(self) -> Position:
        """Return the position without a mark."""
        return self.average.holding.view(None)


def _exhaust(steps: Iterator[object]) -> None:
    deque(steps, maxlen=0)


type Anew = Mapping[PositionKey, Retold]
