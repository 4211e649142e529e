"""An order book kept up to date from the events of ``books/…`` and ``deltas/…``.

    book = OrderBook("AAPL.XNAS")
    async for item in client.watch(*book.topics):
        book.apply(item)
        if book.is_complete:
            print(book.best_bid, book.best_ask)

A book is complete after a snapshot, and until a change is lost: then it waits for the next one.
Who begins to watch does not know which changes came since the newest snapshot, so unless these are
the first ones of their topic, the book waits for the next snapshot then, too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from quarterdeck import topics
from quarterdeck.api.marketdata.v1.book_pb2 import (
    BOOK_SIDE_BID,
    OrderBookDeltaBatch,
    OrderBookSnapshot,
)
from quarterdeck.events import Event, Gap, Item, Skipped, UnannouncedGap
from quarterdeck.numbers import unscaled


@dataclass(frozen=True, slots=True)
class Level:
    """A price of an order book and how much is offered at it."""

    price: Decimal
    size: Decimal


class OrderBook:
    """The book of one instrument."""

    def __init__(self, instrument: str) -> None:
        """Begin empty and not complete."""
        self.instrument = instrument
        self.is_complete = False
        """Whether the levels are all there are: a snapshot came, and no change was lost since."""
        self.event_time_ns = 0
        """When the book was last known to be so."""
        self._follows_changes = False
        self._missed_until_ns = 0
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self._price_precision = self._size_precision = 0

    @property
    def topics(self) -> tuple[str, str]:
        """What to watch."""
        return topics.topic("books", self.instrument), topics.topic("deltas", self.instrument)

    def apply(self, item: Item) -> bool:
        """Take what a watch yields; tell whether the levels changed. Other topics are ignored."""
        match item:
            case Event(payload=OrderBookSnapshot() as snapshot):
                return self._begin(snapshot)
            case Event(payload=OrderBookDeltaBatch() as deltas, sequence=sequence):
                return self._follow(deltas, is_first=sequence == 1)
            case Gap(topic=topic) | Skipped(topic=topic) | UnannouncedGap(topic=topic):
                if topic == self.topics[1]:
                    self.is_complete = False
        return False

    def bids(self, count: int | None = None) -> list[Level]:
        """Return what is bid, the highest price first."""
        return self._levels(sorted(self._bids.items(), reverse=True)[:count])

    def asks(self, count: int | None = None) -> list[Level]:
        """Return what is offered, the lowest price first."""
        return self._levels(sorted(self._asks.items())[:count])

    @property
    def best_bid(self) -> Level | None:
        """The highest bid, if there is one."""
        return next(iter(self.bids(1)), None)

    @property
    def best_ask(self) -> Level | None:
        """The lowest offer, if there is one."""
        return next(iter(self.asks(1)), None)

    def _begin(self, snapshot: OrderBookSnapshot) -> bool:
        oldest_ns = max(self.event_time_ns, self._missed_until_ns)
        if snapshot.instrument != self.instrument or snapshot.event_time_ns < oldest_ns:
            return False
        self._bids = dict(zip(snapshot.bid_price, snapshot.bid_size, strict=True))
        self._asks = dict(zip(snapshot.ask_price, snapshot.ask_size, strict=True))
        self._price_precision = snapshot.price_precision
        self._size_precision = snapshot.size_precision
        self.event_time_ns = snapshot.event_time_ns
        self.is_complete = True
        return True

    def _follow(self, deltas: OrderBookDeltaBatch, *, is_first: bool) -> bool:
        if deltas.instrument != self.instrument or not deltas.event_time_ns:
            return False
        newest_ns = max(deltas.event_time_ns)
        if not self._follows_changes:
            self._follows_changes = True
            self.is_complete &= is_first or newest_ns <= self.event_time_ns
        if not self.is_complete:
            self._missed_until_ns = max(self._missed_until_ns, newest_ns)
            return False
        return self._change(deltas)

    def _change(self, deltas: OrderBookDeltaBatch) -> bool:
        changed = False
        columns = zip(deltas.event_time_ns, deltas.side, deltas.price, deltas.size, strict=True)
        for time_ns, side, price, size in columns:
            # What is older than the snapshot is in it.
            if time_ns >= self.event_time_ns:
                self.event_time_ns, changed = time_ns, True
                _set(self._bids if side == BOOK_SIDE_BID else self._asks, price, size)
        return changed

    def _levels(self, levels: Iterable[tuple[int, int]]) -> list[Level]:
        found: Mapping[int, int] = dict(levels)
        prices = unscaled(found.keys(), self._price_precision)
        sizes = unscaled(found.values(), self._size_precision)
        return [Level(price, size) for price, size in zip(prices, sizes, strict=True)]


def _set(side: dict[int, int], price: int, size: int) -> None:
    if size:
        side[price] = size
    else:
        side.pop(price, None)
