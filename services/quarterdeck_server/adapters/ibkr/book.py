"""An order book as Interactive Brokers tells it: by position, several levels at one price. Pure."""

from collections.abc import Iterable

import numpy as np

from quarterdeck_server.adapters.ibkr.tapes import sound
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.marketdata.domain.book import Book, Deltas
from quarterdeck_server.marketdata.domain.columns import Ints
from quarterdeck_server.marketdata.domain.instrument import Instrument

INSERT, UPDATE, DELETE = 0, 1, 2
# The vendor's sides, and those of the contract.
ASK, BID = 0, 1
SIDES = {BID: 1, ASK: 2}
# Who joins later waits so long at most for a book to which changes can be applied.
SNAPSHOT_NS = 10 * NS

type Levels = dict[int, int]


class BookTape:
    """Levels by position, as told; prices with their whole size, as published."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._told: dict[int, list[tuple[float, float]]] = {BID: [], ASK: []}
        self._published: dict[int, Levels] | None = None
        self._snapshot_ns = 0
        self._is_changed = False

    def __len__(self) -> int:
        return int(self._is_changed)

    def level(self, position: int, operation: int, side: int, price: float, size: float) -> None:
        """Take one change by position; one that lies beyond the end says nothing.

        Raises ValueError for what is no change of a book.
        """
        if position < 0 or operation not in {INSERT, UPDATE, DELETE} or side not in SIDES:
            raise ValueError(f"no change of a book is {operation} at {position} of {side}")
        sound(price)
        sound(size)
        self._is_changed = True
        levels = self._told[side]
        if operation == INSERT:
            levels.insert(position, (price, size))
        elif position < len(levels) and operation == UPDATE:
            levels[position] = (price, size)
        elif position < len(levels):
            levels.pop(position)

    def clear(self) -> None:
        """Forget all levels: a whole book is due once there are new ones."""
        self._told = {BID: [], ASK: []}
        self.distrust()

    def distrust(self) -> None:
        """Publish the whole book next, not changes."""
        self._published = None

    def take(self, instrument: Instrument, now_ns: int) -> list[Book | Deltas]:
        """Return the changes since the last time, or the whole book where that is due.

        Sides that are empty or cross, as they may while changes arrive, are not published.
        """
        if not self._is_changed:
            return []
        now = {side: self._side(side, instrument) for side in SIDES}
        if not (now[BID] and now[ASK]) or max(now[BID]) >= min(now[ASK]):
            return []
        self._is_changed = False
        before, self._published = self._published, now
        taken: list[Book | Deltas] = (
            [] if before is None else _deltas(before, now, instrument, now_ns)
        )
        if before is None or now_ns - self._snapshot_ns >= SNAPSHOT_NS:
            self._snapshot_ns = now_ns
            taken.append(_book(now, instrument, now_ns))
        return taken

    def _side(self, side: int, instrument: Instrument) -> Levels:
        """Return the best prices of a side with their whole size, best first, as integers."""
        sizes: Levels = {}
        for price, size in self._told[side]:
            if size > 0 and (price > 0 or instrument.may_be_negative):
                level = round(price * 10**instrument.price_precision)
                whole = sizes.get(level, 0) + round(size * 10**instrument.size_precision)
                sizes[level] = whole
        best = sorted(sizes, reverse=side == BID)[: self._depth]
        return {level: sizes[level] for level in best if sizes[level]}


def _book(now: dict[int, Levels], instrument: Instrument, now_ns: int) -> Book:
    sides = (now[BID], now[ASK])
    levels = [_ints(column) for side in sides for column in (side.keys(), side.values())]
    return Book(instrument.instrument, *instrument.precisions, now_ns, *levels)


def _deltas(
    before: dict[int, Levels], now: dict[int, Levels], instrument: Instrument, now_ns: int
) -> list[Book | Deltas]:
    """Return what turns one book into the other; no size says that the level is gone."""
    rows = [
        (number, level, now[side].get(level, 0))
        for side, number in SIDES.items()
        for level in {**before[side], **now[side]}
        if before[side].get(level) != now[side].get(level)
    ]
    if not rows:
        return []
    sides, prices, sizes = (_ints(column) for column in zip(*rows, strict=True))
    times = np.full(len(rows), now_ns, dtype=np.int64)
    return [Deltas(instrument.instrument, *instrument.precisions, times, sides, prices, sizes)]


def _ints(column: Iterable[int]) -> Ints:
    return np.fromiter(column, dtype=np.int64)
