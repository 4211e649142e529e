"""Measure the portfolio engine in process: one tick, one full revaluation, one fill.

``python tests/load/portfolio.py`` prints one JSON object: medians over the runs, with the spread.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from decimal import Decimal

from quarterdeck_server.trading.portfolio import Book, Fill, Instrument, Side

type Measure = Callable[[], float]

ACCOUNTS = 10
STRATEGIES = 10
TICKS = 20_000
REVALUATIONS = 20
FILLS = 5_000


def main() -> None:
    """Build a book, measure it and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--positions", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    book = filled_book(options.positions)
    measures: dict[str, Measure] = {
        "tick_us": lambda: tick_us(book, options.positions),
        "tick_and_position_us": lambda: tick_and_position_us(book, options.positions),
        "revalue_ms": lambda: revalue_ms(book),
        "fill_us": lambda: fill_us(book, options.positions),
    }
    found = {name: spread(measure, options.runs) for name, measure in measures.items()}
    facts = {
        "positions": options.positions,
        "runs": options.runs,
        "python": platform.python_version(),
    }
    print(json.dumps(facts | found, indent=2))


def spread(measure: Measure, runs: int) -> dict[str, float]:
    """Return the median, the least and the most of several runs."""
    values = [measure() for _ in range(runs)]
    numbers = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {name: round(value, 3) for name, value in numbers.items()}


def filled_book(positions: int) -> Book:
    """Return a book with one position in each of many instruments."""
    book = Book()
    for number in range(positions):
        book.add_instrument(Instrument(instrument(number), "USD"))
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


def tick_us(book: Book, positions: int) -> float:
    """Time quotes that each touch one position: the mark and the arrays follow."""
    bid, ask = Decimal("101.25"), Decimal("101.27")
    names = [instrument(number * 7919 % positions) for number in range(TICKS)]
    start = time.perf_counter()
    for name in names:
        book.quote(name, bid, ask, 1)
    return (time.perf_counter() - start) / TICKS * 1e6


def tick_and_position_us(book: Book, positions: int) -> float:
    """Time quotes and, after each, the touched position in exact numbers."""
    bid, ask = Decimal("101.25"), Decimal("101.27")
    names = [instrument(number * 7919 % positions) for number in range(TICKS)]
    start = time.perf_counter()
    for name in names:
        for key in book.quote(name, bid, ask, 1):
            book.position(key)
    return (time.perf_counter() - start) / TICKS * 1e6


def revalue_ms(book: Book) -> float:
    """Time the summary of the whole book: every position valued, summed and converted."""
    start = time.perf_counter()
    for _ in range(REVALUATIONS):
        book.summary("USD")
    return (time.perf_counter() - start) / REVALUATIONS * 1e3


def fill_us(book: Book, positions: int) -> float:
    """Time fills that reduce a position."""
    fills = [fill(number * 31 % positions, 1) for number in range(FILLS)]
    start = time.perf_counter()
    for each in fills:
        book.apply(each)
    return (time.perf_counter() - start) / FILLS * 1e6


if __name__ == "__main__":
    main()
