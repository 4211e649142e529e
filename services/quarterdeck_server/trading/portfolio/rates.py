"""Exchange rates read from the prices of spot pairs."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from quarterdeck_server.kernel.money import ZERO, product, quotient

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class PairPrice:
    """The price of one unit of ``base`` in ``quote``, as an instrument last showed it."""

    instrument: str
    base: str
    quote: str
    price: Decimal
    time_ns: int


class Rates:
    """The rates that a set of pair prices gives; a missing one is ``None``, never a guess.

    A rate is a pair's price, its reciprocal, or the product along the fewest pairs that join two
    currencies (the alphabetically first such path). The newest price wins where venues differ.
    """

    def __init__(self, prices: Iterable[PairPrice]) -> None:
        self._next = _edges(prices)
        self._known: dict[str, Mapping[str, Decimal]] = {}

    def rate(self, source: str, target: str) -> Decimal | None:
        """Return how much of ``target`` one unit of ``source`` is."""
        if source not in self._known:
            self._known[source] = self._reach(source)
        return self._known[source].get(target)

    def _reach(self, source: str) -> Mapping[str, Decimal]:
        found = {source: _ONE}
        queue = deque([source])
        while queue:
            at = queue.popleft()
            for neighbour, rate in sorted(self._next.get(at, {}).items()):
                if neighbour not in found:
                    found[neighbour] = product(found[at], rate)
                    queue.append(neighbour)
        return found


def _edges(prices: Iterable[PairPrice]) -> dict[str, dict[str, Decimal]]:
    edges: dict[str, dict[str, Decimal]] = {}
    for pair in sorted(prices, key=lambda pair: (pair.time_ns, pair.instrument)):
        if pair.price > ZERO:
            edges.setdefault(pair.base, {})[pair.quote] = pair.price
            edges.setdefault(pair.quote, {})[pair.base] = quotient(_ONE, pair.price)
    return edges
