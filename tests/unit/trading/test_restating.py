"""However late events come, and whatever is taken back: the book is that of the market's order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.domain.amendment import Bust, Correction, FillTerms, History
from quarterdeck_server.trading.domain.batch import Batch, OrderKey, Surroundings, holdings
from quarterdeck_server.trading.domain.event import Event
from quarterdeck_server.trading.domain.fill import Fill, FillKey, Holding, OrderSide
from quarterdeck_server.trading.domain.order import Order, Word
from quarterdeck_server.trading.domain.retold import Retold
from quarterdeck_server.trading.following import book_fill
from quarterdeck_server.trading.knowing import newest
from quarterdeck_server.trading.portfolio import (
    Action,
    Book,
    CostMethod,
    Instrument,
    Settlement,
    replayed,
)
from quarterdeck_server.trading.retelling import holding_of, position_key

INSTRUMENTS = (
    Instrument("P.X", "USD"),
    Instrument("F.X", "EUR", Decimal(50), settlement=Settlement.MARGINED),
    Instrument("I.X", "XBT", is_inverse=True, settlement=Settlement.MARGINED),
)
numbers = st.integers(1, 40).map(Decimal)


@dataclass
class Log:
    """What the database would keep, and the desk that follows it."""

    position: int = 0
    digests: dict[str, bytes] = field(default_factory=dict)
    orders: dict[OrderKey, Order] = field(default_factory=dict)
    fills: dict[FillKey, Fill] = field(default_factory=dict)
    histories: dict[FillKey, History] = field(default_factory=dict)
    desk: Desk = field(default_factory=Desk)

    def record(self, events: Sequence[Event]) -> None:
        """Take a batch as the recorder does."""
        newest_ns = dict(newest(self.desk, holdings(events)))
        batch = Batch(self.position, self.digests, self.orders, self.fills, newest_ns)
        batch.histories, batch.around = self.histories, self._around(events)
        batch.fold(events)
        self.position = batch.position
        fresh = [action for action, _ in batch.new_actions]
        anew = {
            position_key(holding): self._retold(holding, since_ns, fresh)
            for holding, since_ns in batch.unsettled().items()
        }
        for fill, position in batch.new_fills:
            if fill.holding not in batch.restated:
                self.desk.apply(book_fill(fill), position)
        for action in fresh:
            self.desk.learn(action)
        for key, retold in anew.items():
            self.desk.replay(key, retold)

    def _around(self, events: Sequence[Event]) -> Surroundings:
        book, names = self.desk.average, {one.instrument for one in events if one.instrument}
        return Surroundings(
            accounts=self.desk.bases,
            holdings=[holding_of(key) for name in names for key in book.holders(name)],
            actions=[action for name in names for action in book.actions(name)],
        )

    def _retold(self, holding: Holding, since_ns: int, fresh: Sequence[Action]) -> Retold:
        retold = self.desk.books.retold(position_key(holding), since_ns, fresh)
        mine = counted(fill for fill in self.fills.values() if fill.holding == holding)
        # The log is asked for no others.
        late = (one for one in map(book_fill, mine) if one.time_ns > retold.known_ns)
        retold.take(replayed(late))
        retold.finish()
        return retold


def counted(fills: Iterable[Fill]) -> list[Fill]:
    return sorted((one for one in fills if not one.is_busted), key=lambda one: one.position)


def fill(number: int, side: OrderSide, quantity: Decimal, price: Decimal, time_ns: int) -> Fill:
    return Fill(
        event_id=f"f-{number}",
        trade_id=f"T-{number}",
        client_order_id=f"O-{number % 3}-{side.name}-{number % 2}",
        venue_order_id="",
        account="A",
        strategy="ST"[number % 2],
        instrument=INSTRUMENTS[number % 3].id,
        node="nodes/n",
        side=side,
        quantity=quantity,
        price=price,
        fee=price / 100,
        fee_currency="USD",
        liquidity_side=0,
        event_time_ns=time_ns,
    )


@st.composite
def histories(draw: st.DrawFn) -> list[list[Event]]:
    """Draw fills, each followed by what was taken back of it."""
    found = []
    sides, times = st.sampled_from(OrderSide), st.integers(1, 15)
    corrections = st.tuples(numbers, numbers, st.none() | numbers, times)
    for number in range(draw(st.integers(1, 14))):
        told = fill(number, draw(sides), draw(numbers), draw(numbers), draw(times))
        later = [
            Correction(told.key, FillTerms(quantity, price, fee, "EUR"), time_ns)
            for quantity, price, fee, time_ns in draw(
                st.lists(corrections, max_size=2, unique_by=lambda one: one[-1])
            )
        ]
        busts = [Bust(told.key, draw(st.integers(16, 20))) for _ in range(draw(st.integers(0, 2)))]
        found.append([event(number, told, body) for body in (told, *later, *busts)])
    return found


def event(number: int, told: Fill, body: Fill | Correction | Bust) -> Event:
    time_ns = body.event_time_ns if isinstance(body, Fill) else body.time_ns
    name = f"{number}-{type(body).__name__}-{id(body)}"
    word = Word("nodes/n", told.account, told.strategy, time_ns)
    return Event("events[0]", name, name.encode(), b"", word, body)


def mixed(histories: list[list[Event]], chance: Random) -> list[Event]:
    """Shuffle everything, but what is taken back comes after what it is taken back from."""
    first = [(chance.random(), told[0]) for told in histories]
    rest = [
        (chance.uniform(at, 1), later)
        for (at, _), told in zip(first, histories, strict=True)
        for later in told[1:]
    ]
    return [told for _, told in sorted([*first, *rest], key=lambda each: each[0])]


def empty(method: CostMethod) -> Book:
    book = Book(method)
    for instrument in INSTRUMENTS:
        book.add_instrument(instrument)
    return book


def logged(events: Sequence[Event], cuts: Iterable[int]) -> Log:
    log = Log()
    log.desk.add_account("A", "USD")
    for instrument in INSTRUMENTS:
        log.desk.add_instrument(instrument)
    bounds = [0, *sorted({cut for cut in cuts if cut < len(events)}), len(events)]
    for start, end in pairwise(bounds):
        log.record(events[start:end])
    return log


def essence(book: Book) -> dict[object, object]:
    """Return what matters: open positions, what every position made, and cash."""
    rows = {one.key: replace(one, mark=None) for one in book.positions(open_only=False)}
    traded = {
        key: (row.quantity, row.cost, row.realised, row.fees, row.opened_ns, row.closed_ns)
        for key, row in rows.items()
        if row.fill_count
    }
    cash = {name: book.cash("A", name) for name in ("USD", "EUR", "XBT")}
    return {"positions": traded, "cash": cash}


@settings(max_examples=40, deadline=None)
@given(told=histories(), chance=st.randoms(), cuts=st.lists(st.integers(1, 40), max_size=6))
def test_any_order_of_arrival_ends_in_the_book_of_the_markets_order(
    told: list[list[Event]], chance: Random, cuts: list[int]
) -> None:
    log = logged(mixed(told, chance), cuts)
    in_order = sorted(counted(log.fills.values()), key=lambda one: one.event_time_ns)
    for method in CostMethod:
        book = empty(method)
        for one in in_order:
            book.apply(book_fill(one))
        assert essence(log.desk.book(method)) == essence(book)


@settings(max_examples=40, deadline=None)
@given(told=histories(), chance=st.randoms(), cuts=st.lists(st.integers(1, 40), max_size=6))
def test_what_is_left_of_fills_and_orders_does_not_depend_on_who_came_first(
    told: list[list[Event]], chance: Random, cuts: list[int]
) -> None:
    one = logged([event for history in told for event in history], [])
    other = logged(mixed(told, chance), cuts)
    for key, known in one.fills.items():
        twin = other.fills[key]
        same = replace(known, position=0, is_late=False, order_unknown=True)
        assert replace(twin, position=0, is_late=False, order_unknown=True) == same
    for key, order in one.orders.items():
        twin = other.orders[key]
        assert twin.filled_quantity == order.filled_quantity
        assert twin.average_price == order.average_price


def test_what_is_in_time_beside_something_late_in_one_batch_is_taken_too() -> None:
    """What was known before the late one does not know the fill that came with it."""
    fills = [fill(0, OrderSide.BUY, Decimal(1), Decimal(10), at) for at in (10, 10, 20, 15)]
    told = [replace(one, trade_id=f"{number}") for number, one in enumerate(fills)]
    log = logged([event(number, one, one) for number, one in enumerate(told)], [1])
    assert [one.quantity for one in log.desk.average.positions()] == [4]
