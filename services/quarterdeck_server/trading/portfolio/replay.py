"""The order in which what happened to a position counts: that of the market's time.

This is the one place that knows it. Whatever order the log learned things in, a position is what
this order makes of them.
"""

from collections.abc import Iterable

from quarterdeck_server.trading.portfolio.actions import Action
from quarterdeck_server.trading.portfolio.events import Fill, Flow

type Movement = Fill | Action
"""What changes a position."""


def replayed(movements: Iterable[Movement]) -> list[Movement]:
    """Return movements, given in the order of the log, in the order in which they count.

    At one time the corporate actions come before the fills, since who trades at the ex-time trades
    without them; what is still equal keeps the order of the log.
    """
    return sorted(movements, key=order_of)


def order_of(event: Movement | Flow) -> tuple[int, bool]:
    """Return by what events are put in order."""
    return event.time_ns, isinstance(event, Fill)
