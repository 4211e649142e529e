"""The order in which what happened to a position counts: that of the market's time.

This is the one place that knows it. Whatever order the log learned things in, a position is what
this order makes of them.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from quarterdeck_server.kernel.money import exact
from quarterdeck_server.trading.portfolio.actions import Action
from quarterdeck_server.trading.portfolio.events import Fill, Flow
from quarterdeck_server.trading.portfolio.holding import Holding, check_fill

type Movement = Fill | Action
"""What changes a position."""


class Replay:
    """A position on its way anew, from a state before whatever is not what it was.

    It is nobody else's, so it may run in a thread. Nothing changes until a book takes it.
    """

    def __init__(self, holding: Holding, actions: Sequence[Action]) -> None:
        self.holding = holding
        self.known_ns = holding.known_ns
        """What is of this time or earlier is in the state that it begins with."""
        ordered = replayed(actions)
        self.known_actions = [one for one in ordered if one.time_ns <= self.known_ns]
        self._due = deque(one for one in ordered if one.time_ns > self.known_ns)

    def steps(self, fills: Iterable[Fill]) -> Iterator[Movement]:
        """Take the next fills that count, in their order; yield each movement when it is taken.

        To be read inside ``money.exact()``, as often as there are more of them.
        """
        for fill in fills:
            while self._due and order_of(self._due[0]) < order_of(fill):
                yield self._taken(self._due.popleft())
            check_fill(self.holding.instrument, fill)
            yield self._taken(fill)

    def rest(self) -> Iterator[Movement]:
        """Take what happened after the last fill in the same way."""
        while self._due:
            yield self._taken(self._due.popleft())

    def run(self, fills: Iterable[Fill]) -> None:
        """Take all fills that count after the known time, in their order, and the rest."""
        with exact():
            for _ in chain(self.steps(fills), self.rest()):
                pass

    def _taken(self, movement: Movement) -> Movement:
        self.holding.take(movement)
        return movement


def replayed[M: Movement](movements: Iterable[M]) -> list[M]:
    """Return movements, given in the order of the log, in the order in which they count.

    At one time the corporate actions come before the fills, since who trades at the ex-time trades
    without them; what is still equal keeps the order of the log.
    """
    return sorted(movements, key=order_of)


def order_of(event: Movement | Flow) -> tuple[int, bool]:
    """Return by what events are put in order."""
    return event.time_ns, isinstance(event, Fill)
