"""Everything that is read of one instrument: which subscriptions, and where each message goes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from quarterdeck_server.adapters.ibkr.book import BookTape
from quarterdeck_server.adapters.ibkr.contracts import SMART
from quarterdeck_server.adapters.ibkr.library import Client
from quarterdeck_server.adapters.ibkr.tapes import BAR_S, BarTape, QuoteTape, TradeTape
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.marketdata.domain.instrument import Instrument, InstrumentClass
from quarterdeck_server.marketdata.domain.publication import Publishable
from quarterdeck_server.marketdata.domain.source import LiveOptions
from quarterdeck_server.marketdata.domain.status import Status, TradingPhase

QUOTES, TRADES, BARS, BOOKS = "quotes", "trades", "bars", "books"
# The generic tick with trades as they are aggregated, and the tick types they come as.
AGGREGATED_TRADES, TRADES_TEXT = "233", 48
HALTED = 49
MIDPOINT = "MIDPOINT"
TOLD = "told by Interactive Brokers"
# What Interactive Brokers has of each class: pairs have no trades, indices bars alone.
OFFERED = {
    InstrumentClass.EQUITY: frozenset({QUOTES, TRADES, BARS, BOOKS}),
    InstrumentClass.FUTURE: frozenset({QUOTES, TRADES, BARS, BOOKS}),
    InstrumentClass.CURRENCY_PAIR: frozenset({QUOTES, BARS, BOOKS}),
    InstrumentClass.INDEX: frozenset({BARS}),
}


def wanted(options: LiveOptions) -> frozenset[str]:
    """Return the kinds of data that options ask for."""
    asked = {
        QUOTES: options.quotes,
        TRADES: options.trades,
        BARS: bool(options.bar_interval),
        BOOKS: options.book_depth > 0,
    }
    return frozenset(kind for kind, is_asked in asked.items() if is_asked)


@dataclass(frozen=True, slots=True)
class Known:
    """An instrument as it is described, and its contract in the library's form."""

    instrument: Instrument
    contract: Any
    place: int
    """Which of the asked instruments it is."""


@dataclass(slots=True)
class Stream:
    """One instrument's subscriptions and what they said since it was last taken."""

    known: Known
    kinds: frozenset[str]
    depth: int
    is_tick_by_tick: bool
    since_ns: int
    halted: set[str]
    """Instruments that were published as halted, by this connection or one before it."""
    is_status_new: bool = False
    quotes: QuoteTape = field(init=False)
    trades: TradeTape = field(init=False)
    bars: BarTape = field(init=False)
    book: BookTape = field(init=False)

    def __post_init__(self) -> None:
        self.quotes = QuoteTape(may_be_negative=self.known.instrument.may_be_negative)
        self.trades, self.bars = TradeTape(self.since_ns), BarTape()
        self.book = BookTape(self.depth)

    def __len__(self) -> int:
        return len(self.quotes) + len(self.trades) + len(self.bars) + len(self.book)

    @property
    def name(self) -> str:
        """The identifier of the instrument."""
        return self.known.instrument.instrument

    def subscriptions(self) -> list[str]:
        """Return what must be subscribed: aggregated trades come with the quotes."""
        kinds = set(self.kinds)
        if TRADES in kinds and not self.is_tick_by_tick:
            kinds = kinds - {TRADES} | {QUOTES}
        return sorted(kinds)

    def subscribe(self, client: Client, number: int, kind: str) -> None:
        """Send the request for one subscription."""
        senders: dict[str, Callable[[Client, int], None]] = {
            QUOTES: self._ask_quotes,
            TRADES: self._ask_trades,
            BARS: self._ask_bars,
            BOOKS: self._ask_book,
        }
        senders[kind](client, number)

    def _ask_quotes(self, client: Client, number: int) -> None:
        is_aggregated = TRADES in self.kinds and not self.is_tick_by_tick
        ticks = AGGREGATED_TRADES if is_aggregated else ""
        client.reqMktData(number, self.known.contract, ticks, False, False, [])

    def _ask_trades(self, client: Client, number: int) -> None:
        client.reqTickByTickData(number, self.known.contract, "Last", 0, False)

    def _ask_bars(self, client: Client, number: int) -> None:
        show = what_to_show(self.known.instrument)
        client.reqRealTimeBars(number, self.known.contract, BAR_S, show, False, [])

    def _ask_book(self, client: Client, number: int) -> None:
        self.book.clear()
        client.reqMktDepth(number, self.known.contract, self.depth, self._is_smart, [])

    def cancel_book(self, client: Client, number: int) -> None:
        """Unsubscribe the book: the vendor allows few."""
        client.cancelMktDepth(number, self._is_smart)

    @property
    def _is_smart(self) -> bool:
        return bool(self.known.contract.exchange == SMART)

    def hear(self, kind: str, values: tuple[Any, ...]) -> None:
        """Take a message of one of the subscriptions."""
        takers: dict[str, Callable[..., None]] = {
            "price": self.quotes.price,
            "size": self.quotes.size,
            "text": self._text,
            "number": self._number,
            "trade": self._trade,
            "bar": lambda open_s, *row: self.bars.bar(open_s, row),
            "level": self.book.level,
        }
        taker = takers.get(kind)
        if taker is not None:
            taker(*values)

    def take(self, instrument: Instrument, now_ns: int) -> list[Publishable]:
        """Return what came since the last time, scaled as the stored instrument says."""
        taken: list[Publishable] = []
        if self.is_status_new:
            self.is_status_new = False
            phase = TradingPhase.HALTED if self.name in self.halted else TradingPhase.OPEN
            taken.append(Status(self.name, phase, now_ns, note=TOLD))
        for tape in (self.quotes, self.trades, self.bars):
            batch = tape.take(instrument)
            if batch is not None:
                taken.append(batch)
        return [*taken, *self.book.take(instrument, now_ns)]

    def settle(self, time_ns: int) -> None:
        """Note the quote there is after a packet."""
        if QUOTES in self.kinds:
            self.quotes.settle(time_ns)

    def _text(self, tick: int, text: str) -> None:
        if tick == TRADES_TEXT and TRADES in self.kinds:
            self.trades.text(text)

    def _number(self, tick: int, value: float) -> None:
        """Take whether trading is halted: 0 no, 1 and 2 yes, -1 unknown."""
        is_halted = value > 0
        if tick == HALTED and value >= 0 and is_halted != (self.name in self.halted):
            self.is_status_new = True
            (self.halted.add if is_halted else self.halted.discard)(self.name)

    def _trade(self, time_s: int, price: float, size: float) -> None:
        self.trades.trade(time_s * NS, price, size)


def what_to_show(instrument: Instrument) -> str:
    """Return what bars are made of: what never trades has the middle between bid and offer."""
    is_pair = instrument.instrument_class is InstrumentClass.CURRENCY_PAIR
    return MIDPOINT if is_pair else "TRADES"
