"""Columns of messages as numpy arrays and pandas tables.

Needs the extra ``quarterdeck[pandas]``; numpy and pandas are imported when first used. Prices,
sizes and amounts become float64: good for statistics, not for the books; exact numbers come from
``Event.rows`` and ``quarterdeck.numbers``. NaN means that there is no value.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from quarterdeck.api.marketdata.v1.bar_pb2 import BarBatch
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.marketdata.v1.trade_pb2 import TradeBatch
from quarterdeck.api.trading.v1.aggregate_pb2 import ActivityColumns, EquityAggregateColumns
from quarterdeck.api.trading.v1.portfolio_pb2 import PositionColumns
from quarterdeck.api.trading.v1.portfolio_service_pb2 import GetEquityCurveResponse
from quarterdeck.api.trading.v1.position_change_pb2 import PositionChangeKind, PositionChanges

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

type Aggregates = EquityAggregateColumns | ActivityColumns
type Columnar = (
    QuoteBatch
    | TradeBatch
    | BarBatch
    | PositionColumns
    | GetEquityCurveResponse
    | Aggregates
    | PositionChanges
)
type Columns = "dict[str, np.ndarray[tuple[int], np.dtype[Any]]]"
type Table = "pd.DataFrame"

TIMES = ("event_time_ns", "close_time_ns", "start_time_ns")
"""What rows are indexed by."""
OTHER_TIMES = ("end_time_ns", "last_time_ns")
QUOTE_SCALES = {
    "bid_price": "price_precision",
    "ask_price": "price_precision",
    "bid_size": "size_precision",
    "ask_size": "size_precision",
}
TRADE_SCALES = {"price": "price_precision", "size": "size_precision"}
POSITION_SCALES = {
    "quantity": "quantity_scale",
    "average_price": "price_scale",
    "mark_price": "price_scale",
    "market_value": "money_scale",
    "unrealised_profit": "money_scale",
    "realised_profit": "money_scale",
    "fees": "money_scale",
    "income": "money_scale",
}
BAR_VALUES = ("open", "high", "low", "close", "volume")
CHANGE_PREFIX = "POSITION_CHANGE_KIND_"
CHANGE_VALUES = ("change", "quantity", "cost", "price", "realised_profit", "fee", "income")
CURVE_VALUES = ("equity", "realised_profit", "unrealised_profit", "fees", "income")


AGGREGATE_VALUES = (
    *("equity_open", "equity_high", "equity_low", "equity_close"),
    *("profit_open", "profit_high", "profit_low", "profit_close"),
    *("realised_profit", "unrealised_profit", "fees", "income"),
    *("gross_exposure", "gross_exposure_high", "point_count"),
)
ACTIVITY_VALUES = (
    *("orders", "rejects", "cancels", "fills", "bought_quantity", "sold_quantity"),
    *("bought_value", "sold_value", "fees"),
)
COUNTS = frozenset({"point_count", "orders", "rejects", "cancels", "fills"})


def columns(message: Columnar) -> Columns:
    """Turn a message into arrays by column name; the arrays have one value for each row."""
    match message:
        case QuoteBatch() | TradeBatch() | BarBatch():
            return _market(message)
        case PositionColumns():
            return _positions(message)
        case GetEquityCurveResponse():
            return _times(message, "event_time_ns") | _present(message, CURVE_VALUES)
        case PositionChanges():
            return _changes(message)
        case EquityAggregateColumns() | ActivityColumns():
            return _aggregates(message)


def table(*messages: Columnar) -> Table:
    """Turn messages of one kind, such as the pages of a list, into one pandas table.

    The index is the time in UTC where rows have one; the instrument of market data is a column.
    """
    import pandas as pd  # noqa: PLC0415 - optional

    return pd.concat([_table(message) for message in messages])


def _table(message: Columnar) -> Table:
    import pandas as pd  # noqa: PLC0415 - optional

    found: dict[str, Any] = dict(columns(message))
    time = next((name for name in TIMES if name in found), None)
    index = pd.Index(pd.to_datetime(found.pop(time), utc=True)) if time else None
    for name in (name for name in OTHER_TIMES if name in found):
        found[name.removesuffix("_ns")] = pd.to_datetime(found.pop(name), utc=True)
    made = pd.DataFrame(found, index=index)
    if index is not None:
        made.index.name = str(time).removesuffix("_ns")
    if isinstance(message, QuoteBatch | TradeBatch | BarBatch):
        made.insert(0, "instrument", message.instrument)
    return made


def _market(message: QuoteBatch | TradeBatch | BarBatch) -> Columns:
    if isinstance(message, TradeBatch):
        return _trades(message)
    if isinstance(message, BarBatch):
        return _times(message, "close_time_ns") | _plain(message, BAR_VALUES)
    return _times(message, "event_time_ns") | _scaled(message, QUOTE_SCALES)


def _trades(message: TradeBatch) -> Columns:
    import numpy as np  # noqa: PLC0415 - optional

    side = np.array(message.aggressor_side, dtype=np.int8)
    trade_id = np.array(message.trade_id or [""] * len(side), dtype=np.object_)
    scaled = _times(message, "event_time_ns") | _scaled(message, TRADE_SCALES)
    return {**scaled, "aggressor_side": side, "trade_id": trade_id}


def _positions(message: PositionColumns) -> Columns:
    import numpy as np  # noqa: PLC0415 - optional

    texts = _texts(message, "account", "strategy", "instrument", "currency")
    numbers = _scaled(message, POSITION_SCALES)
    numbers["mark_price"][~np.array(message.has_mark, dtype=np.bool_)] = np.nan
    return {**texts, **numbers}


def _changes(message: PositionChanges) -> Columns:
    import numpy as np  # noqa: PLC0415 - optional

    names = ("account", "strategy", "instrument")
    owners = [message.positions[number] for number in message.position]
    whose = {
        name: np.array([getattr(one, name) for one in owners], dtype=np.object_) for name in names
    }
    kinds = [PositionChangeKind.Name(kind).removeprefix(CHANGE_PREFIX) for kind in message.kind]
    return {
        **_times(message, "event_time_ns"),
        **whose,
        "kind": np.array([kind.lower() for kind in kinds], dtype=np.object_),
        **_plain(message, CHANGE_VALUES),
        **_texts(message, "currency", "event_id"),
    }


def _aggregates(message: Aggregates) -> Columns:
    times = _times(message, "start_time_ns", "end_time_ns")
    if isinstance(message, ActivityColumns):
        texts = _texts(message, "strategy", "instrument", "currency")
        return times | texts | _plain(message, ACTIVITY_VALUES)
    return times | _times(message, "last_time_ns") | _present(message, AGGREGATE_VALUES)


def _times(message: Columnar, *names: str) -> Columns:
    import numpy as np  # noqa: PLC0415 - optional

    return {name: np.array(getattr(message, name), dtype=np.int64) for name in names}


def _texts(message: Columnar, *names: str) -> Columns:
    import numpy as np  # noqa: PLC0415 - optional

    return {name: np.array(getattr(message, name), dtype=np.object_) for name in names}


def _plain(message: Columnar, names: Iterable[str]) -> Columns:
    import numpy as np  # noqa: PLC0415 - optional

    return {
        name: np.array(getattr(message, name), dtype=np.int64 if name in COUNTS else np.float64)
        for name in names
    }


def _present(message: Columnar, names: Iterable[str]) -> Columns:
    """Return columns without those that what is told of has not."""
    return _plain(message, (name for name in names if len(getattr(message, name))))


def _scaled(message: Columnar, scales: dict[str, str]) -> Columns:
    return {
        name: array / 10.0 ** getattr(message, scale)
        for (name, scale), array in zip(
            scales.items(), _plain(message, scales).values(), strict=True
        )
    }
