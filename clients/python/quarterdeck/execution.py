"""Execution quality as tables: what single orders cost, and groups of them.

Needs the extra ``quarterdeck[pandas]``; pandas is imported when first used. NaN means that there is
no value; the messages say why.
"""

from collections.abc import Iterable, Mapping
from math import nan
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

from quarterdeck.api.analytics.v1.estimate_pb2 import Estimate
from quarterdeck.api.analytics.v1.execution_pb2 import (
    ExecutionQuality,
    OrderSlippage,
    PriceSource,
    ShortfallParts,
)

if TYPE_CHECKING:
    import pandas as pd

type Table = "pd.DataFrame"

SECOND_NS = 1_000_000_000
ORDER_COSTS = (
    *("arrival_slippage_bps", "vwap_slippage_bps", "twap_slippage_bps", "close_slippage_bps"),
)
QUALITY_MEANS = (
    *ORDER_COSTS,
    *("effective_spread_bps", "realised_spread_bps", "participation", "fill_ratio"),
    *("reject_ratio", "cancel_ratio", "maker_share"),
)
PRICES = ("average_price", "decision_price", "arrival_price")
SOURCES = ("arrival_source", "vwap_source", "twap_source")
PARTS = ("explicit_bps", "delay_bps", "trading_bps", "opportunity_bps", "total_bps")


def slippage_table(slippages: Iterable[OrderSlippage]) -> Table:
    """Return what single orders cost, one a row, such as the pages of ``list_slippage``."""
    import pandas as pd  # noqa: PLC0415 - optional

    rows = [_order(one) for one in slippages]
    made = pd.DataFrame(rows, columns=_ORDER_COLUMNS)
    # Whole nanoseconds: a column of floats would lose the last digits.
    sent = pd.array([row["sent_time"] for row in rows], dtype="Int64")
    made["sent_time"] = pd.to_datetime(pd.Series(sent), utc=True)
    return made.set_index("client_order_id")


def quality_table(qualities: Iterable[ExecutionQuality]) -> Table:
    """Return the quality of groups, one a row, such as the answer of ``compute_quality``.

    A markout's column is named by its horizon in seconds, for example ``markout_10s_bps``.
    """
    import pandas as pd  # noqa: PLC0415 - optional

    rows = [_quality(one) for one in qualities]
    return pd.DataFrame(rows).set_index(["group", "currency"]) if rows else pd.DataFrame()


def _order(one: OrderSlippage) -> Mapping[str, Any]:
    sent_ns = one.sent_time.ToNanoseconds() if one.HasField("sent_time") else None
    return {
        "client_order_id": one.client_order_id,
        "account": one.account,
        "strategy": one.strategy,
        "instrument": one.instrument,
        "order_type": one.order_type,
        "side": "BUY" if one.is_buy else "SELL",
        "sent_time": sent_ns,
        "quantity": one.quantity,
        "filled_quantity": one.filled_quantity,
        **{name: getattr(one, name) if one.HasField(name) else nan for name in PRICES},  # type: ignore[arg-type]
        **_values(one, ORDER_COSTS),
        **_shortfall(one.shortfall),
        **{name: _source(getattr(one, name)) for name in SOURCES},
    }


def _quality(one: ExecutionQuality) -> Mapping[str, Any]:
    return {
        "group": one.group,
        "currency": one.currency,
        "orders": one.orders,
        "fills": one.fills,
        "notional": one.notional,
        **_values(one, QUALITY_MEANS),
        **_shortfall(one.shortfall),
        **{f"markout_{m.horizon_ns / SECOND_NS:g}s_bps": _value(m.mean_bps) for m in one.markouts},
    }


def _shortfall(parts: ShortfallParts) -> Mapping[str, float]:
    return {f"shortfall_{name}": _value(getattr(parts, name)) for name in PARTS}


def _values(message: Message, names: Iterable[str]) -> Mapping[str, float]:
    return {name: _value(getattr(message, name)) for name in names}


def _source(number: PriceSource.ValueType) -> str:
    return PriceSource.Name(number).removeprefix("PRICE_SOURCE_")


def _value(estimate: Estimate) -> float:
    return estimate.value if estimate.HasField("value") else nan


_ORDER_COLUMNS = tuple(_order(OrderSlippage()))
