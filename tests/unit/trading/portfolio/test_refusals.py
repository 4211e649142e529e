"""What the engine refuses, by name, and that a refusal leaves no trace."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from quarterdeck_server.kernel.errors import (
    InstrumentNotFound,
    InvalidField,
    NotFound,
    NotPossibleNow,
)
from quarterdeck_server.kernel.money import CurrencyMismatch, Money
from quarterdeck_server.trading.portfolio import (
    Allocation,
    Book,
    BookState,
    Fill,
    Flow,
    FlowKind,
    Instrument,
    PositionKey,
    Settlement,
    Side,
)

SHARE = Instrument("AAPL.XNAS", "USD")
SPREAD = Instrument("CALENDAR.XCME", "USD", allows_negative_price=True)


def _fill(
    quantity: str = "1", price: str = "1", instrument: str = SHARE.id, currency: str = "USD"
) -> Fill:
    number, amount = Decimal(quantity), Decimal(price)
    return Fill(
        "f", "A", instrument, "S", Side.BUY, number, amount, 1, Money(Decimal(1), "USD"), currency
    )


def _book() -> Book:
    book = Book()
    book.add_instrument(SHARE)
    book.add_instrument(SPREAD)
    return book


@pytest.mark.parametrize("bad", ["NaN", "sNaN", "Infinity", "0", "-1", "1e18", "1e-19"])
def test_a_quantity_must_be_a_number_above_zero(bad: str) -> None:
    with pytest.raises(InvalidField, match="quantity must"):
        _fill(quantity=bad)


@pytest.mark.parametrize("bad", ["NaN", "sNaN", "Infinity", "0", "-1", "1e18", "1e-19"])
def test_a_price_must_be_a_number_above_zero(bad: str) -> None:
    book = _book()
    before = book.snapshot()
    with pytest.raises(InvalidField, match="price must"):
        book.apply(_fill(price=bad))
    with pytest.raises(InvalidField, match="price must"):
        book.trade(SHARE.id, Decimal(bad), 1)
    with pytest.raises(InvalidField, match="ask must"):
        book.quote(SHARE.id, Decimal(1), Decimal(bad), 1)
    assert book.snapshot() == before


def test_a_negative_price_must_still_be_a_number() -> None:
    with pytest.raises(InvalidField, match="price must be a finite number"):
        _book().trade(SPREAD.id, Decimal("NaN"), 1)


@pytest.mark.parametrize(
    "use",
    [
        lambda book: book.apply(_fill(instrument="NONE.XNAS")),
        lambda book: book.trade("NONE.XNAS", Decimal(1), 1),
        lambda book: book.quote("NONE.XNAS", Decimal(1), Decimal(1), 1),
        lambda book: book.mark("NONE.XNAS"),
    ],
)
def test_an_unknown_instrument_is_named(use: Callable[[Book], object]) -> None:
    book = _book()
    before = book.snapshot()
    with pytest.raises(InstrumentNotFound) as refusal:
        use(book)
    assert refusal.value.metadata == {"instrument": "NONE.XNAS"}
    assert book.snapshot() == before


def test_a_fill_in_another_currency_than_the_instrument_is_refused() -> None:
    book = _book()
    before = book.snapshot()
    with pytest.raises(CurrencyMismatch, match="currency must be in USD, was in EUR"):
        book.apply(_fill(currency="EUR"))
    assert book.snapshot() == before


def test_an_instrument_in_use_keeps_its_economics() -> None:
    book = _book()
    with pytest.raises(NotPossibleNow, match=r"AAPL\.XNAS is in use"):
        book.add_instrument(Instrument("AAPL.XNAS", "EUR"))
    book.add_instrument(Instrument("AAPL.XNAS", "USD", price_precision=4))
    assert book.instrument("AAPL.XNAS").price_precision == 4


def test_an_unknown_position_is_not_found() -> None:
    with pytest.raises(NotFound, match="A/AAPL"):
        _book().position(PositionKey("A", SHARE.id, "S"))


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Instrument("", "USD"), "instrument.id"),
        (lambda: Instrument("X.Y", "usd"), "instrument.currency"),
        (lambda: Instrument("X.Y", "USD", Decimal(0)), "instrument.multiplier"),
        (lambda: Instrument("X.Y", "USD", price_precision=19), "instrument.price_precision"),
        (lambda: Instrument("X.Y", "USD", size_precision=-1), "instrument.size_precision"),
        (lambda: Instrument("X.Y", "XBT", is_inverse=True), "instrument.settlement"),
        (
            lambda: Instrument(
                "X.Y",
                "XBT",
                is_inverse=True,
                settlement=Settlement.MARGINED,
                allows_negative_price=True,
            ),
            "instrument.allows_negative_price",
        ),
        (
            lambda: Instrument("E/U.Y", "EUR", base_currency="EUR", quote_currency="USD"),
            "instrument.currency",
        ),
        (
            lambda: Flow("f", "A", FlowKind.DEPOSIT, Money(Decimal(-1), "USD"), 0),
            "amount",
        ),
        (lambda: Flow("f", "", FlowKind.DEPOSIT, Money(Decimal(1), "USD"), 0), "account"),
        (lambda: Allocation("A", "S", Money(Decimal(0), "USD")), "capital.amount"),
        (lambda: Fill("f", "A", "X.Y", "", Side.BUY, Decimal(1), Decimal(1), 0), "strategy"),
        (lambda: _book().summary("us dollar"), "currency"),
    ],
)
def test_a_refusal_names_its_field(make: Callable[[], object], field: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        make()
    assert refusal.value.field == field


def test_a_snapshot_of_another_version_is_refused() -> None:
    state: BookState = {**_book().snapshot(), "version": 99}
    with pytest.raises(InvalidField, match="version must be 2, was 99"):
        Book.restore(state)
