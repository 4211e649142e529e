"""Marks: which price a position is valued at, and where that price came from."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from quarterdeck_server.kernel.money import EXACT
from quarterdeck_server.kernel.value import value

_HALF = Decimal("0.5")


class ValuationRule(Enum):
    """Which price values a position; each falls back in the order given."""

    MID = "mid"
    """The middle of bid and ask, else the last trade, else the last fill."""
    BID_ASK = "bid_ask"
    """The bid if long, the ask if short, else the last trade, else the last fill."""
    LAST = "last"
    """The last trade, else the middle of bid and ask, else the last fill."""


class MarkSource(Enum):
    """Where a mark came from."""

    MID = "mid"
    BID = "bid"
    ASK = "ask"
    LAST = "last"
    FILL = "fill"


@value
class Mark:
    """The price a position is valued at, its source and its time."""

    price: Decimal
    source: MarkSource
    time_ns: int


@dataclass(slots=True)
class Prices:
    """The newest prices of one instrument, each as it came."""

    bid: Decimal | None = None
    ask: Decimal | None = None
    quote_ns: int = 0
    last: Decimal | None = None
    last_ns: int = 0
    fill: Decimal | None = None
    fill_ns: int = 0

    def mark(self, rule: ValuationRule, *, is_long: bool) -> Mark | None:
        """Return the mark of a long or short position, or ``None`` if no price was ever seen."""
        if rule is ValuationRule.MID:
            return self._mid() or self._last() or self._fill()
        if rule is ValuationRule.LAST:
            return self._last() or self._mid() or self._fill()
        touch = self._bid() if is_long else self._ask()
        return touch or self._last() or self._fill()

    def _mid(self) -> Mark | None:
        if self.bid is None or self.ask is None:
            return None
        middle = EXACT.multiply(EXACT.add(self.bid, self.ask), _HALF)
        return Mark(middle, MarkSource.MID, self.quote_ns)

    def _bid(self) -> Mark | None:
        return None if self.bid is None else Mark(self.bid, MarkSource.BID, self.quote_ns)

    def _ask(self) -> Mark | None:
        return None if self.ask is None else Mark(self.ask, MarkSource.ASK, self.quote_ns)

    def _last(self) -> Mark | None:
        return None if self.last is None else Mark(self.last, MarkSource.LAST, self.last_ns)

    def _fill(self) -> Mark | None:
        return None if self.fill is None else Mark(self.fill, MarkSource.FILL, self.fill_ns)
