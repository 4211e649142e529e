"""Prices as they come from the market, newest only."""

from dataclasses import dataclass, replace
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """The best bid and offer; ``None`` is an empty side."""

    instrument: str
    bid: Decimal | None
    ask: Decimal | None
    time_ns: int


@dataclass(frozen=True, slots=True)
class Last:
    """The price of a trade, or the close of a bar."""

    instrument: str
    price: Decimal
    time_ns: int


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest prices of an instrument; a time of 0 means that none was seen."""

    instrument: str
    bid: Decimal | None = None
    ask: Decimal | None = None
    quote_time_ns: int = 0
    last: Decimal | None = None
    last_time_ns: int = 0

    def with_price(self, price: Quote | Last) -> "Newest":
        """Return the prices after one more came."""
        if isinstance(price, Quote):
            return replace(self, bid=price.bid, ask=price.ask, quote_time_ns=price.time_ns)
        return replace(self, last=price.price, last_time_ns=price.time_ns)

    def parts(self) -> tuple[Quote | Last, ...]:
        """Return what these prices came from."""
        found: list[Quote | Last] = []
        if self.quote_time_ns:
            found.append(Quote(self.instrument, self.bid, self.ask, self.quote_time_ns))
        if self.last is not None:
            found.append(Last(self.instrument, self.last, self.last_time_ns))
        return tuple(found)
