"""Numbers are scaled exactly, or refused by the name of their field before anything is sent."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck import AsyncClient, Bars, InvalidRequest, Quotes, Trades
from quarterdeck.numbers import decimal, decimal_message, scaled, unscaled
from quarterdeck.publishing import bar_batches, quote_batches, trade_batches
from quarterdeck.rows import rows_of

NAN = float("nan")


def quotes(**changed: Any) -> Quotes:
    columns: dict[str, Any] = {
        "event_time_ns": [1, 2],
        "bid_price": [1.23, Decimal("4.5")],
        "ask_price": [1.24, 5],
        "bid_size": [100, 200],
        "ask_size": [100, 200],
    }
    precision = {"price_precision": 2, "size_precision": 0}
    return Quotes(instrument="AAPL.XNAS", **{**columns, **precision, **changed})


def test_what_is_published_reads_back_exactly() -> None:
    (batch,) = quote_batches([quotes()])
    rows = rows_of(batch)
    assert [row.bid_price for row in rows] == [Decimal("1.23"), Decimal("4.5")]
    assert [row.ask_size for row in rows] == [100, 200]


@pytest.mark.parametrize(
    ("changed", "field", "problem"),
    [
        ({"bid_price": [1.0, NAN]}, "quotes[1].bid_price[1]", "must be finite, was nan"),
        ({"ask_size": [Decimal("inf"), 1]}, "quotes[1].ask_size[0]", "must be finite"),
        ({"bid_price": [1.0]}, "quotes[1].bid_price", "must have 2 values"),
        ({"bid_price": [Decimal("1.234"), 1]}, "quotes[1].bid_price[0]", "at most 2 digits"),
        ({"bid_price": [1e30, 1]}, "quotes[1].bid_price[0]", "must fit 64 bits"),
    ],
)
def test_a_number_that_cannot_be_sent_is_named(
    changed: dict[str, Any], field: str, problem: str
) -> None:
    with pytest.raises(InvalidRequest, match=problem) as raised:
        quote_batches([quotes(), quotes(**changed)])
    assert raised.value.fields[0].field == field
    assert raised.value.reason == "FIELD_INVALID"


def test_a_bar_with_nan_is_refused() -> None:
    one = {"open": [1.0], "high": [1.0], "low": [1.0], "volume": [1.0]}
    bars = Bars(instrument="I.X", interval="1d", close_time_ns=[1], close=[NAN], **one)
    with pytest.raises(InvalidRequest, match=r"bars\[0\].close\[0\] must be finite"):
        bar_batches([bars])


def test_trades_may_come_without_identifiers() -> None:
    trades = Trades(
        instrument="I.X",
        price_precision=2,
        size_precision=0,
        event_time_ns=[1],
        price=[1.5],
        size=[3],
        aggressor_side=[1],
    )
    (row,) = rows_of(trade_batches([trades])[0])
    assert (row.price, row.trade_id) == (Decimal("1.5"), "")


def test_numpy_numbers_are_numbers() -> None:
    assert scaled(np.array([1.23, 4.5]), 2, "x") == [123, 450]
    assert scaled(np.array([1, 2]), 0, "x") == [1, 2]


@given(st.lists(st.integers(-(2**62), 2**62)), st.integers(0, 9))
def test_scaling_loses_nothing(column: list[int], precision: int) -> None:
    assert scaled(unscaled(column, precision), precision, "x") == column


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_decimals_of_messages_are_plain_and_exact(value: Decimal) -> None:
    message = decimal_message(value)
    assert decimal(message) == value
    assert "E" not in message.value


async def test_nothing_is_sent_that_is_refused_here() -> None:
    """There is no server at the address: reaching it would fail differently."""
    async with AsyncClient("127.0.0.1:1", token="any") as client:
        with pytest.raises(InvalidRequest):
            await client.publish(quotes=[quotes(bid_price=[NAN, 1])])
