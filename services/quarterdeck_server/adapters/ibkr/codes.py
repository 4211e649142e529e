"""What the codes of the TWS's errors and warnings mean to us. Pure.

The codes are those of "Message Codes" in the TWS API's documentation.
"""

from enum import Enum


class Meaning(Enum):
    """What a code asks of us."""

    TOLD = "told"
    """Nothing: it is written to the log."""
    LOST = "connectivity lost"
    """The TWS lost its own connection; nothing comes until it is restored."""
    RESTORED = "connectivity restored"
    """It is restored, and the subscriptions live on."""
    RESTORED_EMPTY = "connectivity restored, data lost"
    """It is restored, and everything must be subscribed again."""
    UNKNOWN = "unknown contract"
    """There is no such contract, or there are several."""
    REFUSED = "refused"
    """A request or subscription will not be answered."""
    ENDED = "ended"
    """A subscription ended and must be made again."""
    CLEARED = "book cleared"
    """The levels of a book so far are void."""
    NO_CLIENT = "client number in use"
    """Another program has our client number."""


_MEANINGS = {
    **dict.fromkeys((1100, 2110), Meaning.LOST),
    1101: Meaning.RESTORED_EMPTY,
    1102: Meaning.RESTORED,
    200: Meaning.UNKNOWN,
    # Depth was halted, a bust deactivated bars.
    **dict.fromkeys((316, 10225), Meaning.ENDED),
    317: Meaning.CLEARED,
    326: Meaning.NO_CLIENT,
    # Delayed data come instead, or some of the ticks do not.
    **dict.fromkeys((10167, 10090), Meaning.TOLD),
    # An order's warnings concern orders that other programs placed.
    **dict.fromkeys((110, 165, 202, 399, 404, 434, 492), Meaning.TOLD),
}
WARNINGS = range(2100, 2200)
# A connection to one of the vendor's farms broke; the vendor repairs it, and says so (2104, 2106).
BROKEN_FARMS = frozenset({2103, 2105, 2157})
NO_DATA = 162


def meaning(code: int) -> Meaning:
    """Return what a code asks of us; what concerns no known case refuses the request it names."""
    if code in _MEANINGS:
        return _MEANINGS[code]
    return Meaning.TOLD if code in WARNINGS else Meaning.REFUSED


def is_pacing(code: int, text: str) -> bool:
    """Tell whether the vendor says that it was asked too often."""
    return code in {100, 420} or (code == NO_DATA and "pacing" in text.lower())


def is_empty(code: int, text: str) -> bool:
    """Tell whether a request for the past found nothing, which is no failure."""
    return code == NO_DATA and "no data" in text.lower()
