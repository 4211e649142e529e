"""Execution quality as tables."""

import math

from quarterdeck import execution
from quarterdeck.api.analytics.v1.estimate_pb2 import Estimate
from quarterdeck.api.analytics.v1.execution_pb2 import (
    PRICE_SOURCE_QUOTES,
    ExecutionQuality,
    Markout,
    OrderSlippage,
    ShortfallParts,
)

COST = Estimate(value=1.5, count=1)


def test_orders_are_rows_with_nan_where_there_is_no_value() -> None:
    order = OrderSlippage(
        client_order_id="O-1",
        is_buy=True,
        arrival_price=100.0,
        arrival_source=PRICE_SOURCE_QUOTES,
        arrival_slippage_bps=COST,
        shortfall=ShortfallParts(total_bps=COST),
    )
    order.sent_time.FromNanoseconds(1_073_000_000_000_000_001)
    table = execution.slippage_table([order, OrderSlippage(client_order_id="O-2")])
    first, second = table.loc["O-1"], table.loc["O-2"]
    assert (first.side, first.arrival_price, first.arrival_slippage_bps) == ("BUY", 100.0, 1.5)
    assert (first.shortfall_total_bps, first.sent_time.nanosecond) == (1.5, 1)
    assert math.isnan(first.vwap_slippage_bps)
    assert math.isnan(second.arrival_price)
    assert (first.arrival_source, first.vwap_source) == ("QUOTES", "UNSPECIFIED")
    assert (second.side, second.twap_source) == ("SELL", "UNSPECIFIED")
    assert len(execution.slippage_table([])) == 0


def test_groups_are_rows_with_their_markouts() -> None:
    markouts = [Markout(horizon_ns=10 * 10**9, mean_bps=COST)]
    quality = ExecutionQuality(group="XNAS", currency="USD", fill_ratio=COST, markouts=markouts)
    table = execution.quality_table([quality])
    assert table.loc[("XNAS", "USD"), "markout_10s_bps"] == 1.5
    assert table.loc[("XNAS", "USD"), "fill_ratio"] == 1.5
    assert execution.quality_table([]).empty
