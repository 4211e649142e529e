"""Measure the portfolio engine in process: one tick, one full revaluation, one fill."""

import time
from collections.abc import Callable, Sequence
from decimal import Decimal

from tests.load.results import Figure, figure

from quarterdeck_server.trading.portfolio import Book, Fill, Instrument, Side

type Measure = Callable[[], float]

POSITIONS = 100_000
ACCOUNTS = 10
STRATEGIES = 10
TICKS = 20_000
REVALUATIONS = 20
FILLS = 5_000


def measure(samples: int) -> dict[str, Figure]:
    """Build the books and measure every figure."""
    book, foreign = filled_book(("USD",)), filled_book(("USD", "EUR", "GBP", "JPY"))
    measures: dict[str, tuple[Measure, str]] = {
        "tick_us": (lambda: tick_us(book), "µs"),
        "tick_and_position_us": (lambda: tick_and_position_us(book), "µs"),
        "revalue_100k_ms": (lambda: revalue_ms(book), "ms"),
        "revalue_100k_four_currencies_ms": (lambda: revalue_ms(foreign, "EUR/USD.IDEALPRO"), "ms"),
        "fill_us": (lambda: fill_us(book), "µs"),
    }
    return {
        name: figure([measured() for _ in range(samples)], unit)
        for name, (measured, unit) in measures.items()
    }


def filled_book(currencies: Sequence[str]) -> Book:
    """Return a book with one position in each of many instruments, and rates to dollars."""
    book = Book()
    for base in currencies[1:]:
        pair = f"{base}/USD.IDEALPRO"
        book.add_instrument(Instrument(pair, "USD", base_currency=base, quote_currency="USD"))
        book.trade(pair, Decimal("1.25"), 1)
    for number in range(POSITIONS):
        book.add_instrument(Instrument(instrument(number), currencies[number % len(currencies)]))
        book.apply(fill(number))
    return book


def instrument(number: int) -> str:
    """Name the instrument of a position."""
    return f"I{number}.XNAS"


def fill(number: int, quantity: int = 100) -> Fill:
    """Open or add to the position of a number."""
    return Fill(
        id=str(number),
        account=f"A{number % ACCOUNTS}",
        instrument=instrument(number),
        strategy=f"S{number // ACCOUNTS % STRATEGIES}",
        side=Side.SELL if number % 3 == 0 else Side.BUY,
        quantity=Decimal(quantity + number % 7),
        price=Decimal(10_000 + number % 977).scaleb(-2),
        time_ns=number,
    )


def tick_us(book: Book) -> float:
    """Time quotes that each touch one position: the mark and the arrays follow."""
    bid, ask = Decimal("101.25"), Decimal("101.27")
    names = [instrument(number * 7919 % POSITIONS) for number in range(TICKS)]
    start = time.perf_counter()
    for name in names:
        book.quote(name, bid, ask, 1)
    return (time.perf_counter() - start) / TICKS * 1e6


def tick_and_position_us(book: Book) -> float:
    """Time quotes and, after each, the touched position in exact numbers."""
    bid, ask = Decimal("101.25"), Decimal("101.27")
    names = [instrument(number * 7919 % POSITIONS) for number in range(TICKS)]
    start = time.perf_counter()
    for name in names:
        for key in book.quote(name, bid, ask, 1):
            book.position(key)
    return (time.perf_counter() - start) / TICKS * 1e6


def revalue_ms(book: Book, pair: str | None = None) -> float:
    """Time summaries of the whole book, each after a new rate of the pair if one is given."""
    start = time.perf_counter()
    for number in range(REVALUATIONS):
        if pair is not None:
            book.trade(pair, Decimal("1.25"), number)
        book.summary("USD")
    return (time.perf_counter() - start) / REVALUATIONS * 1e3


def fill_us(book: Book) -> float:
    """Time fills that reduce a position."""
    fills = [fill(number * 31 % POSITIONS, 1) for number in range(FILLS)]
    start = time.perf_counter()
    for each in fills:
        book.apply(each)
    return (time.perf_counter() - start) / FILLS * 1e6
