"""Both books at the newest prices: average cost at once, first in, first out when somebody asks."""

from collections import deque
from collections.abc import Iterator, Sequence

from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.trading.domain.price import Last, Newest, Quote
from quarterdeck_server.trading.domain.retold import Retold
from quarterdeck_server.trading.portfolio import (
    Action,
    Book,
    BookState,
    CostMethod,
    Fill,
    Flow,
    Instrument,
    PositionKey,
)

MOST_DUE = 1_000
"""Fills that only one of the books has: what catching up at once may take."""


class Books:
    """The same history in both ways of counting cost, and the newest price of each instrument.

    Nothing asks for first in, first out while fills are recorded, and few ask for its prices: that
    book follows behind, and is brought up to date before anybody sees it.
    """

    def __init__(self) -> None:
        self.average = Book(CostMethod.AVERAGE)
        self.newest: dict[str, Newest] = {}
        self.refused_prices = 0
        self._fifo = Book(CostMethod.FIFO)
        self._due: deque[Fill] = deque()
        self._unshown: set[str] = set()
        self._instruments: set[str] = set()
        self._unpriced: set[str] = set()

    @property
    def unpriced(self) -> frozenset[str]:
        """The instruments that no market price was seen of."""
        return frozenset(self._unpriced)

    def of(self, method: CostMethod) -> Book:
        """Return the book of a cost method, at the newest prices."""
        if method is CostMethod.AVERAGE:
            return self.average
        self._catch_up()
        for instrument in self._unshown:
            for price in self.newest[instrument].parts():
                _show(self._fifo, price)
        self._unshown.clear()
        return self._fifo

    def restore(self, average: Book, fifo: Book) -> None:
        """Take over saved books."""
        self.average, self._fifo = average, fifo
        self._due.clear()

    def saved(self) -> tuple[BookState, BookState]:
        """Return both books as plain data."""
        return self.average.snapshot(), self.of(CostMethod.FIFO).snapshot()

    def knows(self, instrument: str) -> bool:
        """Tell whether an instrument is registered."""
        return instrument in self._instruments

    def add_instrument(self, instrument: Instrument) -> tuple[PositionKey, ...] | None:
        """Register an instrument; return what the prices touched that came before it, if any."""
        self.average.add_instrument(instrument)
        self._fifo.add_instrument(instrument)
        self._instruments.add(instrument.id)
        newest = self.newest.get(instrument.id)
        if newest is None:
            self._unpriced.add(instrument.id)
            return None
        return tuple(key for price in newest.parts() for key in self._value(price) or ())

    def price(self, price: Quote | Last) -> tuple[PositionKey, ...] | None:
        """Take a price and return what it touched, if its instrument is known.

        A price that cannot be one is counted and left out.
        """
        known = self.knows(price.instrument)
        touched = self._value(price) if known else None
        if known and touched is None:
            return None
        newest = self.newest.get(price.instrument) or Newest(price.instrument)
        self.newest[price.instrument] = newest.with_price(price)
        self._unpriced.discard(price.instrument)
        return touched

    def take(self, fill: Fill) -> None:
        """Apply a fill of the log."""
        self.average.take(fill)
        self._due.append(fill)
        if len(self._due) >= MOST_DUE:
            self._catch_up()

    def catch_up(self) -> Iterator[None]:
        """Apply what one book has and the other has not, a step for each fill.

        For whoever has to wait anyway.
        """
        while self._due:
            # It stays until it is applied: a step may be the last one that is taken.
            self._fifo.take(self._due[0])
            self._due.popleft()
            yield

    def retold(self, key: PositionKey, since_ns: int, fresh: Sequence[Action] = ()) -> Retold:
        """Begin to take a position anew, since something of a time is not what it was.

        ``fresh`` are corporate actions that the books are still to learn.
        """
        self._catch_up()
        return Retold(*(book.replay(key, since_ns, fresh) for book in (self.average, self._fifo)))

    def show(self, retold: Retold) -> None:
        """Make a position what all of its fills made of it."""
        self._catch_up()
        self.average.show(retold.average)
        self._fifo.show(retold.fifo)

    def learn(self, action: Action) -> tuple[PositionKey, ...]:
        """Take a corporate action, and return the positions that must be replayed after it."""
        self._catch_up()
        self._fifo.learn(action)
        return self.average.learn(action)

    def transfer(self, flow: Flow) -> None:
        """Apply cash that moved without a fill."""
        self._catch_up()
        self.average.transfer(flow)
        self._fifo.transfer(flow)

    def _catch_up(self) -> None:
        for _ in self.catch_up():
            pass

    def _value(self, price: Quote | Last) -> tuple[PositionKey, ...] | None:
        try:
            touched = _show(self.average, price)
        except QuarterdeckError:
            self.refused_prices += 1
            return None
        self._unshown.add(price.instrument)
        return touched


def _show(book: Book, price: Quote | Last) -> tuple[PositionKey, ...]:
    if isinstance(price, Quote):
        return book.quote(price.instrument, price.bid, price.ask, price.time_ns)
    return book.trade(price.instrument, price.price, price.time_ns)
