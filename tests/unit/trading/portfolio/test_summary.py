"""Profit, equity and exposure of scopes, in one currency or several."""

from decimal import Decimal

from quarterdeck_server.kernel.money import Money
from quarterdeck_server.trading.portfolio import (
    Allocation,
    Book,
    Fill,
    Flow,
    FlowKind,
    Instrument,
    PositionKey,
    Scope,
    Settlement,
    Side,
)

SHARE = Instrument("AAPL.XNAS", "USD")
GERMAN = Instrument("SAP.XETR", "EUR")
FUTURE = Instrument("ES.XCME", "USD", Decimal(50), settlement=Settlement.MARGINED)
EURO = Instrument("EUR/USD.IDEALPRO", "USD", base_currency="EUR", quote_currency="USD")
STERLING = Instrument("GBP/USD.IDEALPRO", "USD", base_currency="GBP", quote_currency="USD")


def _book() -> Book:
    book = Book()
    for instrument in (SHARE, GERMAN, FUTURE, EURO, STERLING):
        book.add_instrument(instrument)
    return book


def _buy(
    book: Book, quantity: int, price: int, instrument: Instrument = SHARE, strategy: str = "S"
) -> PositionKey:
    fee = Money(Decimal(1), instrument.currency)
    number, amount = Decimal(quantity), Decimal(price)
    fill = Fill("f", "A", instrument.id, strategy, Side.BUY, number, amount, 1, fee)
    return book.apply(fill).position.key


def _deposit(book: Book, amount: int, currency: str = "USD", account: str = "A") -> None:
    money = Money(Decimal(amount), currency)
    book.transfer(Flow("d", account, FlowKind.DEPOSIT, money, 0))


def test_equity_is_cash_plus_market_value() -> None:
    book = _book()
    _deposit(book, 10_000)
    _buy(book, 10, 100)
    book.trade(SHARE.id, Decimal(110), 2)
    summary = book.summary("USD", Scope("A"))
    assert summary.cash == Decimal(8999)
    assert (summary.market_value, summary.equity) == (1100.0, 10_099.0)
    assert (summary.unrealised, summary.total) == (100.0, 99.0)
    assert summary.return_on_capital == 0.0099


def test_a_margined_position_adds_its_profit_to_equity_and_its_value_to_exposure() -> None:
    book = _book()
    _deposit(book, 10_000)
    _buy(book, 1, 4000, FUTURE)
    book.trade(FUTURE.id, Decimal(4010), 2)
    summary = book.summary("USD")
    assert (summary.equity, summary.gross_exposure) == (10_499.0, 200_500.0)


def test_gross_exposure_adds_and_net_exposure_offsets() -> None:
    book = _book()
    _buy(book, 10, 100)
    short = Fill("f", "A", SHARE.id, "T", Side.SELL, Decimal(4), Decimal(100), 1)
    book.apply(short)
    summary = book.summary("USD")
    assert (summary.gross_exposure, summary.net_exposure) == (1400.0, 600.0)


def test_a_long_inverse_contract_is_an_exposure_above_zero() -> None:
    book = _book()
    perpetual = Instrument("XBTUSD.BITMEX", "XBT", is_inverse=True, settlement=Settlement.MARGINED)
    book.add_instrument(perpetual)
    _buy(book, 1000, 500, perpetual)
    summary = book.summary("XBT")
    assert (summary.net_exposure, summary.gross_exposure, summary.unrealised) == (2.0, 2.0, 0.0)


def test_a_withdrawal_lowers_equity_and_is_no_loss() -> None:
    book = _book()
    _deposit(book, 1000)
    book.transfer(Flow("w", "A", FlowKind.WITHDRAWAL, Money(Decimal(-400), "USD"), 1))
    summary = book.summary("USD")
    assert (summary.equity, summary.capital, summary.total) == (600.0, Decimal(600), 0.0)


def test_a_strategy_has_the_equity_and_return_of_its_allocated_capital() -> None:
    book = _book()
    _buy(book, 10, 100, strategy="momentum")
    _buy(book, 10, 100, strategy="carry")
    book.allocate(Allocation("A", "momentum", Money(Decimal(5000), "USD")))
    book.trade(SHARE.id, Decimal("110.10"), 2)
    summary = book.summary("USD", Scope("A", "momentum"))
    assert (summary.equity, summary.return_on_capital) == (5100.0, 0.02)
    other = book.summary("USD", Scope("A", "carry"))
    assert (other.total, other.capital, other.equity, other.cash) == (100.0, None, None, None)


def test_scopes_add_up_to_the_whole() -> None:
    book = _book()
    _buy(book, 10, 100, strategy="momentum")
    _buy(book, 20, 101, strategy="carry")
    book.trade(SHARE.id, Decimal(105), 2)
    parts = [book.summary("USD", Scope("A", name)).total for name in book.strategies("A")]
    assert sum(part for part in parts if part is not None) == book.summary("USD").total


def test_amounts_are_converted_at_the_rate_of_the_spot_pair() -> None:
    book = _book()
    _deposit(book, 1000, "EUR")
    _buy(book, 1, 100, GERMAN)
    book.quote(EURO.id, Decimal("1.09"), Decimal("1.11"), 2)
    book.trade(GERMAN.id, Decimal(120), 2)
    summary = book.summary("USD")
    assert summary.equity == 1019 * 1.1
    assert summary.rate_missing == ()
    assert book.summary("EUR").equity == 1019.0


def test_a_missing_rate_is_named_and_no_number_is_invented() -> None:
    book = _book()
    _deposit(book, 1000)
    _deposit(book, 1000, "JPY")
    summary = book.summary("USD")
    assert summary.rate_missing == ("JPY",)
    assert (summary.equity, summary.cash, summary.realised, summary.total) == (None,) * 4


def test_a_currency_of_which_nothing_is_left_needs_no_rate() -> None:
    book = _book()
    _deposit(book, 500)
    _deposit(book, 1000, "JPY")
    book.transfer(Flow("w", "A", FlowKind.WITHDRAWAL, Money(Decimal(-1000), "JPY"), 1))
    assert book.summary("USD").equity == 500.0


def test_a_cross_rate_goes_over_the_common_currency() -> None:
    book = _book()
    book.trade(EURO.id, Decimal("1.2"), 1)
    book.trade(STERLING.id, Decimal("1.5"), 1)
    assert book.rate("GBP", "EUR") == Decimal("1.25")
    assert book.rate("EUR", "EUR") == 1
    assert book.rate("EUR", "JPY") is None


def test_a_rate_follows_the_price_of_its_pair() -> None:
    book = _book()
    for price in ("1.1", "1.2"):
        book.trade(EURO.id, Decimal(price), 1)
        assert book.rate("EUR", "USD") == Decimal(price)


def test_the_newest_price_of_a_pair_wins_over_venues() -> None:
    book = _book()
    book.add_instrument(
        Instrument("EUR/USD.LMAX", "USD", base_currency="EUR", quote_currency="USD")
    )
    book.trade(EURO.id, Decimal("1.2"), 9)
    book.trade("EUR/USD.LMAX", Decimal("1.3"), 5)
    assert book.rate("EUR", "USD") == Decimal("1.2")


def test_a_spot_pair_is_a_position_worth_its_value_in_the_quote_currency() -> None:
    book = _book()
    _deposit(book, 200)
    _buy(book, 100, 1, EURO)
    book.trade(EURO.id, Decimal("1.5"), 2)
    assert book.cash("A", "EUR") == 0
    assert book.summary("USD").equity == 249.0


def test_totals_keep_currencies_apart() -> None:
    book = _book()
    _buy(book, 1, 100)
    _buy(book, 1, 200, GERMAN)
    totals = {part.currency: part for part in book.totals()}
    assert totals["USD"].market_value == 100.0
    assert totals["EUR"].cash == Decimal(-201)


def test_accounts_and_strategies_are_known_before_their_first_fill() -> None:
    book = _book()
    _deposit(book, 1, account="B")
    book.allocate(Allocation("C", "S", Money(Decimal(1), "USD")))
    assert (book.accounts(), book.strategies("C")) == (("B", "C"), ("S",))


def test_a_summary_counts_what_is_open_and_dates_the_newest_price_or_fill() -> None:
    book = _book()
    assert book.summary("USD").event_time_ns is None
    _buy(book, 10, 100)
    _buy(book, 10, 4000, FUTURE)
    book.trade(SHARE.id, Decimal(101), 9)
    book.trade(GERMAN.id, Decimal(101), 99)
    summary = book.summary("USD")
    assert (summary.open_positions, summary.event_time_ns) == (2, 9)


def test_a_position_without_any_price_has_no_value_and_is_named() -> None:
    book = _book()
    _deposit(book, 5000)
    key = _buy(book, 10, 100)
    _buy(book, 1, 4000, FUTURE)
    state = book.snapshot()
    state["prices"] = [each for each in state["prices"] if each["instrument"] != SHARE.id]
    unpriced = Book.restore(state)
    summary = unpriced.summary("USD")
    assert summary.mark_missing == (SHARE.id,)
    assert (summary.equity, summary.unrealised, summary.gross_exposure) == (None,) * 3
    assert (summary.cash, summary.fees) == (Decimal(3999 - 1), Decimal(2))
    assert unpriced.position(key).unrealised is None
    assert unpriced.columns().is_marked.tolist() == [False, True]
