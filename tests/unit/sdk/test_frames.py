"""Columns become arrays and tables."""

import subprocess
import sys

import numpy as np
import pytest

from quarterdeck import Event
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.marketdata.v1.trade_pb2 import TradeBatch
from quarterdeck.api.stream.v1.notice_pb2 import Notice
from quarterdeck.api.trading.v1.aggregate_pb2 import ActivityColumns, EquityAggregateColumns
from quarterdeck.api.trading.v1.portfolio_pb2 import PositionColumns
from quarterdeck.api.trading.v1.portfolio_service_pb2 import GetEquityCurveResponse
from quarterdeck.frames import ACTIVITY_VALUES, columns, table

QUOTES = QuoteBatch(
    instrument="AAPL.XNAS",
    price_precision=2,
    event_time_ns=[10**18, 10**18 + 1],
    bid_price=[123, 124],
    ask_price=[125, 126],
    bid_size=[1, 2],
    ask_size=[3, 4],
)


def test_prices_are_unscaled() -> None:
    assert columns(QUOTES)["bid_price"].tolist() == [1.23, 1.24]


def test_tables_are_indexed_by_time_to_the_nanosecond() -> None:
    made = table(QUOTES, QUOTES)
    assert made.index.name == "event_time"
    assert str(made.index.dtype) == "datetime64[ns, UTC]"
    assert made.index[1].value == 10**18 + 1
    assert made["instrument"].tolist() == ["AAPL.XNAS"] * 4


def test_trades_without_identifiers_have_empty_ones() -> None:
    batch = TradeBatch(event_time_ns=[1], price=[5], size=[6], aggressor_side=[1])
    assert columns(batch)["trade_id"].tolist() == [""]


def test_a_position_without_a_mark_has_none() -> None:
    positions = PositionColumns(
        money_scale=2,
        account=["A"] * 2,
        strategy=["S"] * 2,
        instrument=["I"] * 2,
        currency=["USD"] * 2,
        mark_price=[5, 0],
        has_mark=[True, False],
        fees=[150, 0],
        quantity=[1, 1],
        average_price=[1, 1],
        market_value=[1, 1],
        unrealised_profit=[1, 1],
        realised_profit=[1, 1],
        income=[0, 0],
    )
    made = table(positions)
    assert np.isnan(made["mark_price"][1])
    assert made["fees"][0] == 1.5


def test_the_curve_of_a_strategy_has_no_equity() -> None:
    curve = GetEquityCurveResponse(
        event_time_ns=[1], realised_profit=[1], unrealised_profit=[2], fees=[0]
    )
    assert list(columns(curve)) == ["event_time_ns", "realised_profit", "unrealised_profit", "fees"]


def test_aggregates_are_indexed_by_their_beginning_and_count_in_integers() -> None:
    curve = EquityAggregateColumns(
        start_time_ns=[0, 60 * 10**9],
        end_time_ns=[60 * 10**9, 120 * 10**9],
        last_time_ns=[5, 60 * 10**9],
        point_count=[3, 1],
        profit_close=[1.5, 2.5],
    )
    made = table(curve)
    assert list(made) == ["profit_close", "point_count", "end_time", "last_time"]
    assert made["point_count"].dtype == np.int64
    assert (made["end_time"] - made.index == np.timedelta64(60, "s")).all()
    activity = ActivityColumns(
        start_time_ns=[0],
        end_time_ns=[1],
        **{name: ["x"] for name in ("strategy", "instrument", "currency")},
        **{name: [2] for name in ACTIVITY_VALUES},
    )
    assert table(activity)["fills"].tolist() == [2]


def test_an_event_with_columns_becomes_a_table() -> None:
    event = Event("quotes/AAPL.XNAS", "quotes", 1, 1, 2, 0, QUOTES)
    assert len(event.to_pandas()) == 2
    with pytest.raises(TypeError, match="has no columns"):
        Event("notices/x", "notices", 1, 1, 1, 0, Notice()).to_pandas()


def test_the_package_works_without_numpy_and_pandas() -> None:
    program = "import sys; import quarterdeck; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
