"""An order book as Interactive Brokers tells it: by position, several levels at one price. Pure."""

from dataclasses import dataclass

INSERT, UPDATE, DELETE = 0, 1, 2
ASK, BID = 0, 1

type Level = tuple[float, float]
type Levels = dict[float, float]


@dataclass(frozen=True, slots=True)
class Change:
    """The new size at a price of a side; 0 says that the level is gone."""

    time_ns: int
    side: int
    price: float
    size: float


class PositionBook:
    """Levels by position, as told; prices with their whole size, as published."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._told: dict[int, list[Level]] = {BID: [], ASK: []}
        self._published: dict[int, Levels] | None = None

    def level(self, position: int, operation: int, side: int, price: float, size: float) -> None:
        """Take one change by position; positions beyond the end are told after a loss."""
        levels = self._told[side]
        if operation == INSERT:
            levels.insert(position, (price, size))
        elif position < len(levels):
            if operation == UPDATE:
                levels[position] = (price, size)
            else:
                levels.pop(position)

    def clear(self) -> None:
        """Forget all levels: a snapshot is due once there are new ones."""
        self._told = {BID: [], ASK: []}
        self._published = None

    @property
    def is_whole(self) -> bool:
        """Whether both sides are there and do not cross, as they may while changes arrive."""
        bids, asks = self.side(BID), self.side(ASK)
        return bool(bids and asks) and max(bids) < min(asks)

    @property
    def wants_snapshot(self) -> bool:
        """Whether nothing was published that changes could be applied to."""
        return self._published is None

    def side(self, side: int) -> Levels:
        """Return the best prices of a side with their whole size, best first."""
        sizes: Levels = {}
        for price, size in self._told[side]:
            if price > 0 and size > 0:
                sizes[price] = sizes.get(price, 0.0) + size
        best = sorted(sizes, reverse=side == BID)[: self._depth]
        return {price: sizes[price] for price in best}

    def snapshot(self) -> dict[int, Levels]:
        """Return both sides, to which later changes apply."""
        self._published = {BID: self.side(BID), ASK: self.side(ASK)}
        return self._published

    def changes(self, time_ns: int) -> list[Change]:
        """Return what turns the book as published into the book as it is."""
        before, now = self._published or {BID: {}, ASK: {}}, self.snapshot()
        return [
            Change(time_ns, side, price, now[side].get(price, 0.0))
            for side in (BID, ASK)
            for price in {**before[side], **now[side]}
            if before[side].get(price) != now[side].get(price)
        ]
