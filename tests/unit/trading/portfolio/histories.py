"""Events of whole lives, told to a book as the desk tells them: in any order."""

from collections.abc import Iterable
from decimal import Decimal

from hypothesis import strategies as st

from quarterdeck_server.kernel.money import Money
from quarterdeck_server.trading.portfolio import (
    BEGINNING,
    Action,
    Book,
    CostMethod,
    Dividend,
    Fill,
    Flow,
    FlowKind,
    Instrument,
    Position,
    PositionKey,
    Settlement,
    Side,
    Split,
    concerns,
    replayed,
)

SHARE = Instrument("AAPL.XNAS", "USD")
CONTRACT = Instrument("CFD.XNAS", "USD", Decimal(5), settlement=Settlement.MARGINED)
FOREIGN = Instrument("SAP.XETR", "EUR")
INVERSE = Instrument("XBTUSD.BITMEX", "XBT", is_inverse=True, settlement=Settlement.MARGINED)
ALL = (SHARE, CONTRACT, FOREIGN, INVERSE)
SPLITTABLE = (SHARE, CONTRACT, FOREIGN)
CURRENCIES = ("USD", "EUR", "XBT")
RATIOS = (("2", "1"), ("10", "1"), ("1", "4"), ("3", "2"), ("1", "10"))

type Event = Fill | Flow | Action

amounts = st.decimals("0.01", "1000", places=2)
signed = st.decimals("-1000", "1000", places=2).filter(bool)
times = st.integers(1, 10**9)
names = st.sampled_from([instrument.id for instrument in ALL])
fees = st.none() | st.builds(Money, amounts, st.sampled_from(["USD", "EUR"]))
fills = st.builds(
    Fill,
    id=st.just("f"),
    account=st.sampled_from("AB"),
    instrument=names,
    strategy=st.sampled_from("ST"),
    side=st.sampled_from(Side),
    quantity=st.decimals("0.001", "1000", places=3),
    price=amounts,
    time_ns=times,
    fee=fees,
)
splits = st.builds(
    lambda instrument, ratio, time_ns: Split("s", instrument, *map(Decimal, ratio), time_ns),
    st.sampled_from([instrument.id for instrument in SPLITTABLE]),
    st.sampled_from(RATIOS),
    times,
)
dividends = st.builds(
    Dividend,
    id=st.just("d"),
    instrument=names,
    per_unit=st.builds(Money, amounts, st.sampled_from(["USD", "EUR"])),
    time_ns=times,
    account=st.sampled_from(["", "A"]),
)
incomes = st.builds(
    Flow,
    id=st.just("i"),
    account=st.sampled_from("AB"),
    kind=st.sampled_from([kind for kind in FlowKind if not kind.is_external]),
    money=st.builds(Money, signed, st.sampled_from(CURRENCIES)),
    time_ns=times,
    strategy=st.sampled_from(["", "S", "T"]),
    instrument=names | st.just(""),
)
deposits = st.builds(
    Flow,
    id=st.just("p"),
    account=st.sampled_from("AB"),
    kind=st.just(FlowKind.DEPOSIT),
    money=st.builds(Money, amounts, st.sampled_from(CURRENCIES)),
    time_ns=times,
)


def lives(longest: int = 12) -> st.SearchStrategy[list[Event]]:
    """Draw events, no two at one time, in the order in which the log gets them."""
    one = st.one_of(fills, fills, fills, splits, dividends, incomes, deposits)
    return st.lists(one, max_size=longest, unique_by=lambda event: event.time_ns)


class Log:
    """A book that is told events as they come, and what it needs to be told late ones."""

    def __init__(self, method: CostMethod = CostMethod.AVERAGE) -> None:
        self.book = Book(method)
        for instrument in ALL:
            self.book.add_instrument(instrument)
        self.fills: dict[PositionKey, list[Fill]] = {}

    def take(self, event: Event) -> None:
        """Take the next event of the log."""
        match event:
            case Flow():
                self.book.transfer(event)
            case Fill():
                self._take(event)
            case _:
                for key in self.book.learn(event):
                    self._replay(key, event.time_ns)

    def _take(self, fill: Fill) -> None:
        happened = (
            *self.fills.get(fill.key, ()),
            *(one for one in self.book.actions(fill.instrument) if concerns(one, fill.account)),
        )
        is_late = fill.time_ns < max((one.time_ns for one in happened), default=0)
        self.fills.setdefault(fill.key, []).append(fill)
        if is_late:
            self._replay(fill.key, fill.time_ns)
        else:
            self.book.apply(fill)

    def _replay(self, key: PositionKey, since_ns: int) -> None:
        replay = self.book.replay(key, since_ns)
        # The log is asked for no others.
        own = self.fills.get(key, ())
        replay.run(replayed(one for one in own if one.time_ns > replay.known_ns))
        self.book.show(replay)


def replayed_from_the_first(book: Book, key: PositionKey, fills: Iterable[Fill]) -> Position:
    """Take a position anew from all of its fills, whatever the book knows."""
    replay = book.replay(key, BEGINNING)
    replay.run(replayed(fills))
    return book.show(replay)


def told(events: Iterable[Event], method: CostMethod = CostMethod.AVERAGE) -> Book:
    """Return a book that was told events in this order."""
    log = Log(method)
    for event in events:
        log.take(event)
    return log.book
