"""Positions as columns of scaled integers."""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.kernel.money import Money
from quarterdeck_server.trading.portfolio import (
    Book,
    Fill,
    Instrument,
    PositionColumns,
    PositionKey,
    Scope,
    Side,
)

SHARE = Instrument("AAPL.XNAS", "USD")
FEE = Money(Decimal("0.25"), "USD")
COIN = Instrument("BTC/EUR.KRAKEN", "EUR", size_precision=8, price_precision=1)


def _book() -> Book:
    book = Book()
    book.add_instrument(SHARE)
    book.add_instrument(COIN)
    return book


def _buy(
    book: Book, quantity: str, price: str, instrument: Instrument, strategy: str = "S"
) -> None:
    number, amount = Decimal(quantity), Decimal(price)
    book.apply(Fill("f", "A", instrument.id, strategy, Side.BUY, number, amount, 1))


def _at(scale: int, values: NDArray[np.int64]) -> list[Decimal]:
    return [Decimal(value).scaleb(-scale) for value in values.tolist()]


def _quantities(columns: PositionColumns) -> list[Decimal]:
    return _at(columns.quantity_scale, columns.quantity)


def _marks(columns: PositionColumns) -> list[Decimal]:
    return _at(columns.price_scale, columns.mark)


def test_columns_show_what_positions_say() -> None:
    book = _book()
    _buy(book, "10", "100.25", SHARE)
    _buy(book, "0.12345678", "50000.5", COIN)
    book.trade(SHARE.id, Decimal("101.5"), 2)
    columns, positions = book.columns(), book.positions()
    assert columns.keys == tuple(position.key for position in positions)
    assert columns.currencies == ("USD", "EUR")
    scales = (columns.quantity_scale, columns.price_scale, columns.money_scale)
    assert scales == (8, 6, 8)
    assert _quantities(columns) == [position.quantity for position in positions]
    averages = _at(columns.price_scale, columns.average_price)
    assert averages == [position.average_price for position in positions]
    unrealised = _at(columns.money_scale, columns.unrealised)
    assert unrealised == [position.unrealised for position in positions]
    assert _marks(columns) == [Decimal("101.5"), Decimal("50000.5")]


def test_a_quantity_finer_than_the_instrument_says_is_shown_whole() -> None:
    book = _book()
    _buy(book, "0.000000000125", "100", SHARE)
    assert _quantities(book.columns()) == [Decimal("0.000000000125")]


def test_a_quantity_beyond_float_precision_is_exact() -> None:
    book = _book()
    _buy(book, "12345678901.12345678", "0.1", COIN)
    assert _quantities(book.columns()) == [Decimal("12345678901.12345678")]


def test_the_scale_gives_way_to_an_amount_that_would_not_fit() -> None:
    book = _book()
    _buy(book, "1e9", "1000", SHARE)
    book.trade(SHARE.id, Decimal(1001), 2)
    columns = book.columns()
    assert columns.money_scale < 8
    assert _at(columns.money_scale, columns.market_value) == [Decimal("1.001e12")]


def test_a_scale_below_zero_holds_what_is_beyond_an_integer() -> None:
    book = _book()
    _buy(book, "1e15", "1e6", SHARE)
    columns = book.columns()
    assert columns.money_scale < 0
    assert _at(columns.money_scale, columns.market_value) == [Decimal("1e21")]


def test_closed_positions_are_shown_on_request() -> None:
    book = _book()
    _buy(book, "1", "100", SHARE)
    sell = Fill("g", "A", SHARE.id, "S", Side.SELL, Decimal(1), Decimal("100.1"), 2, FEE)
    book.apply(sell)
    assert book.columns().keys == ()
    columns = book.columns(open_only=False)
    assert _at(columns.money_scale, columns.realised) == [Decimal("0.1")]
    assert _at(columns.money_scale, columns.fees) == [Decimal("0.25")]
    assert _quantities(columns) == [Decimal(0)]


def test_columns_of_a_scope_hold_that_scope_only() -> None:
    book = _book()
    _buy(book, "1", "100", SHARE, "S")
    _buy(book, "2", "100", SHARE, "T")
    columns = book.columns(Scope("A", "T"))
    assert [key.strategy for key in columns.keys] == ["T"]
    assert book.columns(Scope("B")).keys == ()


def test_columns_of_chosen_positions_keep_their_order() -> None:
    book = _book()
    for strategy in ("S", "T", "U"):
        _buy(book, "1", "100", SHARE, strategy)
    keys = [PositionKey("A", SHARE.id, strategy) for strategy in ("U", "S")]
    assert book.columns_of(keys).keys == tuple(keys)
    assert book.columns_of([]).keys == ()


def test_rows_outgrow_their_first_capacity() -> None:
    book = _book()
    for number in range(200):
        instrument = Instrument(f"I{number}.XNAS", "USD")
        book.add_instrument(instrument)
        _buy(book, "1", str(number + 1), instrument)
    assert sum(_marks(book.columns())) == 20_100
    assert book.summary("USD").market_value == 20_100.0
