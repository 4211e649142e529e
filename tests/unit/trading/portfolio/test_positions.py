"""What fills do to positions, cash and realised profit."""

from decimal import Decimal

import pytest

from quarterdeck_server.kernel.money import Money
from quarterdeck_server.trading.portfolio import (
    Book,
    ChangeKind,
    CostMethod,
    Fill,
    Instrument,
    Lot,
    MarkSource,
    PositionChange,
    PositionKey,
    Settlement,
    Side,
    Split,
    ValuationRule,
)
from quarterdeck_server.trading.portfolio.basis import new_basis

SHARE = Instrument("AAPL.XNAS", "USD")
FUTURE = Instrument("ES.XCME", "USD", Decimal(50), settlement=Settlement.MARGINED)
PERPETUAL = Instrument("XBTUSD.BITMEX", "XBT", is_inverse=True, settlement=Settlement.MARGINED)
SPREAD = Instrument("CALENDAR.XCME", "USD", allows_negative_price=True)


def _book(method: CostMethod = CostMethod.AVERAGE, rule: ValuationRule = ValuationRule.MID) -> Book:
    book = Book(method, rule)
    for instrument in (SHARE, FUTURE, PERPETUAL, SPREAD):
        book.add_instrument(instrument)
    return book


def _trade(
    book: Book, signed: str, price: str, instrument: Instrument = SHARE, fee: Money | None = None
) -> PositionChange:
    quantity = Decimal(signed)
    return book.apply(
        Fill(
            id="f",
            account="A",
            instrument=instrument.id,
            strategy="S",
            side=Side.BUY if quantity > 0 else Side.SELL,
            quantity=quantity.copy_abs(),
            price=Decimal(price),
            time_ns=7,
            fee=fee,
        )
    )


def test_average_cost_blends_and_a_reduction_leaves_the_average() -> None:
    book = _book()
    _trade(book, "10", "100")
    _trade(book, "10", "110")
    change = _trade(book, "-5", "120")
    assert change.realised == Money(Decimal(75), "USD")
    assert change.position.average_price == Decimal(105)


def test_fifo_realises_the_oldest_lots_first() -> None:
    book = _book(CostMethod.FIFO)
    _trade(book, "10", "100")
    _trade(book, "10", "110")
    change = _trade(book, "-15", "120")
    assert change.realised.amount == Decimal(250)
    assert [lot.quantity for lot in book.lots(change.position.key)] == [Decimal(5)]


@pytest.mark.parametrize("method", CostMethod)
def test_a_fill_through_zero_closes_and_opens(method: CostMethod) -> None:
    book = _book(method)
    _trade(book, "10", "100")
    change = _trade(book, "-15", "90")
    assert change.kind is ChangeKind.FLIPPED
    assert change.realised.amount == Decimal(-100)
    assert (change.position.quantity, change.position.average_price) == (Decimal(-5), Decimal(90))


def test_a_change_says_what_kind_it_was() -> None:
    book = _book()
    kinds = [_trade(book, signed, "10").kind for signed in ("2", "3", "-4", "-1", "-1", "2")]
    assert kinds == [
        ChangeKind.OPENED,
        ChangeKind.INCREASED,
        ChangeKind.REDUCED,
        ChangeKind.CLOSED,
        ChangeKind.OPENED,
        ChangeKind.FLIPPED,
    ]


def test_the_peak_grows_with_the_position_and_starts_anew_with_a_flip() -> None:
    book = _book()
    peaks = [_trade(book, signed, "10").position.peak_quantity for signed in ("2", "3", "-4", "-4")]
    assert peaks == [Decimal(2), Decimal(5), Decimal(5), Decimal(3)]


def test_a_closed_position_remembers_its_peak_and_when_it_closed() -> None:
    book = _book()
    _trade(book, "10", "100")
    position = _trade(book, "-10", "101").position
    assert (position.peak_quantity, position.closed_ns, position.fill_count) == (Decimal(10), 7, 2)
    assert not position.is_open
    assert position.average_price is None


def test_a_paid_instrument_moves_cash_by_its_value_and_the_fee() -> None:
    book = _book()
    change = _trade(book, "10", "100.50", fee=Money(Decimal("1.25"), "USD"))
    assert [money.amount for money in change.cash] == [Decimal("-1005.00"), Decimal("-1.25")]
    assert book.cash("A", "USD") == Decimal("-1006.25")


def test_a_margined_instrument_moves_cash_by_realised_profit_only() -> None:
    book = _book()
    assert _trade(book, "2", "4000", FUTURE).cash == ()
    assert _trade(book, "-1", "4010", FUTURE).cash == (Money(Decimal(500), "USD"),)


def test_the_multiplier_scales_profit_and_exposure() -> None:
    book = _book()
    key = _trade(book, "2", "4000", FUTURE).position.key
    book.trade(FUTURE.id, Decimal(4010), 8)
    position = book.position(key)
    assert (position.unrealised, position.market_value) == (Decimal(1000), Decimal(1000))
    assert position.exposure == Decimal(401_000)


def test_an_inverse_contract_averages_harmonically() -> None:
    book = _book()
    _trade(book, "100", "10000", PERPETUAL)
    position = _trade(book, "100", "20000", PERPETUAL).position
    assert position.average_price is not None
    assert float(position.average_price) == pytest.approx(13333.3333333333)
    assert position.exposure is not None
    assert position.exposure > 0


def test_an_instrument_may_allow_a_negative_price() -> None:
    book = _book()
    _trade(book, "10", "-0.25", SPREAD)
    assert _trade(book, "-10", "0.15", SPREAD).realised.amount == Decimal("4.00")


def test_a_fee_may_be_in_any_currency_and_a_rebate_is_negative() -> None:
    book = _book()
    _trade(book, "1", "100", fee=Money(Decimal("0.001"), "BNB"))
    position = _trade(book, "1", "100", fee=Money(Decimal("-0.002"), "BNB")).position
    assert position.fees == (Money(Decimal("-0.001"), "BNB"),)
    assert book.cash("A", "BNB") == Decimal("0.001")


def test_strategies_in_one_account_keep_their_positions_apart() -> None:
    book = _book()
    _trade(book, "10", "100")
    other = Fill("g", "A", SHARE.id, "T", Side.SELL, Decimal(4), Decimal(100), 8)
    book.apply(other)
    assert [position.quantity for position in book.positions()] == [Decimal(10), Decimal(-4)]


def test_no_digit_is_lost_at_the_edge_of_the_range() -> None:
    """Eighteen digits before and after the point on price and quantity stay exact."""
    book = _book()
    largest = "999999999999999999.999999999999999999"
    _trade(book, largest, largest)
    change = _trade(book, f"-{largest}", "0.000000000000000001")
    price_move = int(largest.replace(".", "")) - 1
    lost = price_move * int(largest.replace(".", ""))
    assert change.realised.amount == Decimal(f"-{lost}e-36")
    assert book.cash("A", "USD") == change.realised.amount


@pytest.mark.parametrize("method", CostMethod)
def test_a_flat_position_keeps_no_dust(method: CostMethod) -> None:
    """Not even where the cost has more decimals than roundings keep."""
    book = _book(method)
    grain = Instrument("GRAIN.XCBT", "USD", Decimal("1e-18"))
    book.add_instrument(grain)
    _trade(book, "3e-18", "1e-18", grain)
    position = _trade(book, "-3e-18", "2e-18", grain).position
    assert (position.cost, position.realised) == (Decimal(0), Decimal("3e-54"))


def test_the_mark_is_the_fill_until_the_market_shows_a_price() -> None:
    book = _book()
    assert _trade(book, "1", "100").position.mark is not None
    mark = book.mark(SHARE.id)
    assert mark is not None
    assert mark.source is MarkSource.FILL


@pytest.mark.parametrize(
    ("rule", "signed", "price", "source"),
    [
        (ValuationRule.MID, "1", "101", MarkSource.MID),
        (ValuationRule.LAST, "1", "99", MarkSource.LAST),
        (ValuationRule.BID_ASK, "1", "100", MarkSource.BID),
        (ValuationRule.BID_ASK, "-1", "102", MarkSource.ASK),
    ],
)
def test_the_rule_chooses_the_mark(
    rule: ValuationRule, signed: str, price: str, source: MarkSource
) -> None:
    book = _book(rule=rule)
    key = _trade(book, signed, "50").position.key
    book.trade(SHARE.id, Decimal(99), 8)
    book.quote(SHARE.id, Decimal(100), Decimal(102), 9)
    mark = book.position(key).mark
    assert mark is not None
    assert (mark.price, mark.source) == (Decimal(price), source)
    columns = book.columns()
    assert columns.mark[0] == int(Decimal(price) * 10**columns.price_scale)


def test_an_empty_side_of_the_book_falls_back_to_the_last_trade() -> None:
    book = _book()
    _trade(book, "1", "50")
    book.trade(SHARE.id, Decimal(99), 8)
    book.quote(SHARE.id, None, Decimal(102), 9)
    mark = book.mark(SHARE.id)
    assert mark is not None
    assert mark.source is MarkSource.LAST


def test_a_price_names_the_open_positions_it_touches_and_no_others() -> None:
    book = _book()
    _trade(book, "1", "100")
    _trade(book, "1", "4000", FUTURE)
    assert book.trade(SHARE.id, Decimal(101), 8) == (PositionKey("A", SHARE.id, "S"),)
    _trade(book, "-1", "100")
    assert book.trade(SHARE.id, Decimal(101), 9) == ()


def test_a_flat_position_has_no_cost_of_lots_that_a_split_rounded_to_nothing() -> None:
    basis = new_basis(CostMethod.FIFO)
    for quantity in ("-1", "-0.000000000000000001"):
        basis.open(Lot(Decimal(quantity), Decimal(quantity) * 10, 1))
    basis.split(Split("s", SHARE.id, Decimal(1), Decimal(10), 2).quantity)
    assert [lot.quantity for lot in basis.lots()] == [Decimal("-0.1"), 0]
    assert basis.close(Decimal("-0.1")) == Decimal("-10.00000000000000001")
    assert (basis.quantity, basis.cost, basis.lots()) == (0, 0, ())
