"""Exact money: what it keeps, what it refuses, where it rounds."""

from decimal import Context, Decimal, Inexact

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.money import (
    CurrencyMismatch,
    Money,
    checked,
    currency_code,
    exact,
    parsed,
    portion,
    positive,
    product,
    quotient,
    rounded,
    trimmed,
)

_WIDE = Context(prec=200)
amounts = st.decimals("-1e17", "1e17", places=18)


@pytest.mark.parametrize("text", ["1", "-0.25", "+3.", ".5", "1e3", "1E-18", "000.10"])
def test_a_decimal_is_read_as_written(text: str) -> None:
    assert parsed("price", text) == Decimal(text)


@pytest.mark.parametrize(
    "text", ["", " 1", "1_000", "NaN", "Infinity", "0x1", "1,5", "--1", "1e9999", "٣", "9" * 41]
)
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        parsed("price", text)
    assert refusal.value.field == "price"


def test_more_than_eighteen_decimals_are_refused_unless_they_are_zeros() -> None:
    with pytest.raises(InvalidField, match="at most 18 decimals"):
        checked("price", Decimal("1e-19"))
    assert checked("price", Decimal("1.5000000000000000000000")) == Decimal("1.5")


def test_a_number_too_large_to_keep_exactly_is_refused() -> None:
    with pytest.raises(InvalidField, match="below 1e18"):
        checked("quantity", Decimal("1e18"))


@pytest.mark.parametrize("number", ["0", "-0", "-1", "NaN", "-Infinity"])
def test_positive_refuses_zero_and_below(number: str) -> None:
    with pytest.raises(InvalidField):
        positive("quantity", Decimal(number))


@given(amounts, amounts)
def test_sums_and_products_of_inputs_are_exact(left: Decimal, right: Decimal) -> None:
    with exact():
        whole = left * right + left - right
    scale = 10**36
    a, b = int(left.scaleb(18, _WIDE)), int(right.scaleb(18, _WIDE))
    assert int(whole.scaleb(36, _WIDE)) == a * b + (a - b) * (scale // 10**18)


def test_a_division_that_would_round_raises_instead() -> None:
    with exact(), pytest.raises(Inexact):
        Decimal(1) / Decimal(3)


def test_a_quotient_rounds_half_to_even_at_the_36th_decimal() -> None:
    assert quotient(Decimal(2), Decimal(3)) == Decimal("0." + "6" * 35 + "7")
    assert portion(Decimal(10), Decimal(1), Decimal(4)) == Decimal("2.5")
    assert product(Decimal("1e-18"), Decimal("1.5e-18")) == Decimal("2e-36")


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [(0.1, 8, "0.10000000"), (Decimal("2.5"), 0, "2"), (1234.5678, 2, "1234.57")],
)
def test_rounding_goes_from_statistics_to_decimals(
    value: float | Decimal, decimals: int, expected: str
) -> None:
    assert str(rounded(value, decimals)) == expected


@pytest.mark.parametrize(("value", "text"), [("1.500", "1.5"), ("1E+3", "1000"), ("0E-9", "0")])
def test_trimming_drops_zeros_and_exponents(value: str, text: str) -> None:
    assert str(trimmed(Decimal(value))) == text


def test_amounts_of_one_currency_add_up() -> None:
    assert Money(Decimal("0.1"), "USD") + Money(Decimal("0.2"), "USD") == Money(
        Decimal("0.3"), "USD"
    )
    assert Money(Decimal(1), "USD") - Money(Decimal(3), "USD") == -Money(Decimal(2), "USD")


def test_amounts_of_two_currencies_never_add_up() -> None:
    with pytest.raises(CurrencyMismatch) as refusal:
        Money(Decimal(1), "USD") + Money(Decimal(1), "EUR")
    assert refusal.value.metadata == {"field": "currency", "expected": "USD", "actual": "EUR"}


def test_an_amount_is_finite() -> None:
    with pytest.raises(InvalidField, match="finite"):
        Money(Decimal("NaN"), "USD")


@pytest.mark.parametrize("code", ["", "usd", "US D", "A" * 17, "€"])
def test_a_currency_code_is_capital_letters_and_digits(code: str) -> None:
    with pytest.raises(InvalidField):
        currency_code("currency", code)
    assert currency_code("currency", "USDT") == "USDT"
