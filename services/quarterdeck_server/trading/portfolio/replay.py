"""The order in which what happened to a position counts: that of the market's time.

This is the one place that knows it. Whatever order the log learned things in, a position is what
this order makes of them.
"""

from collections.abc import Iterable, Iterator, Sequence

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
        self.actions = actions
        """What happened to everybody, in the order of the log."""

    def run(self, fills: Iterable[Fill]) -> None:
        """Take all fills that count, given in the order of the log; those of the state are left."""
        with exact():
            for _ in self.steps(fills):
                pass

    def steps(self, fills: Iterable[Fill]) -> Iterator[Movement]:
        """Do the same inside ``money.exact()``, and yield each movement when it is taken."""
        movements = [one for one in (*self.actions, *fills) if one.time_ns > self.known_ns]
        for movement in replayed(movements):
            if isinstance(movement, Fill):
                check_fill(self.holding.instrument, movement)
            self.holding.take(movement)
            yield movement


def replayed(movements: Iterable[Movement]) -> list[Movement]:
    """Return movements, given in the order of the log, in the order in which they count.

    At one time the corporate actions come before the fills, since who trades at the ex-time trades
    without them; what is still equal keeps the order of the log.
    """
    return sorted(movements, key=order_of)


def order_of(event: Movement | Flow) -> tuple[int, bool]:
    """Return by what events are put in order."""
    return event.time_ns, isinstance(event, Fill)
