"""Orders and markets for tests; times in seconds from ten minutes after the epoch."""

import numpy as np

from quarterdeck_server.analytics.domain.execution.market import (
    DAY_NS,
    Bars,
    Facts,
    Market,
    Quotes,
    Trades,
)
from quarterdeck_server.analytics.domain.execution.orders import Fills, Orders

S = 1_000_000_000
START = 600
COLUMNS = {
    "client_order_id": "O",
    "account": "SIM-001",
    "strategy": "Ema-001",
    "instrument": "AAPL.XNAS",
    "order_type": "LIMIT",
    "status": "FILLED",
    "side": 1.0,
    "quantity": 10.0,
    "decision_price": np.nan,
    "submit_ns": 0,
    "accept_ns": 1,
    "cancel_request_ns": None,
    "end_ns": 60,
}
FILL = {
    "trade_id": "T",
    "time_ns": 60,
    "price": 101.0,
    "quantity": 10.0,
    "fee": 1.0,
    "fee_currency": "USD",
    "liquidity": "TAKER",
}


def at(seconds: float | None) -> int:
    return 0 if seconds is None else int((START + seconds) * S)


def column(rows: list[dict], name: str) -> np.ndarray:
    values = [row[name] for row in rows]
    if name.endswith("_ns"):
        return np.array([at(value) for value in values], np.int64)
    return np.array(values, dtype=float if type(values[0]) is float else object)


def orders(*rows: dict) -> Orders:
    """Make orders; ``fills`` of each are changes to one fill, by default one."""
    whole = [{**COLUMNS, **row} for row in rows]
    told = [row.get("fills", [{}]) for row in rows]
    fills = [{**FILL, **fill} for some in told for fill in some]
    places = np.repeat(np.arange(len(rows)), [len(some) for some in told])
    columns = {name: column(fills, name) for name in FILL} if fills else NO_FILLS
    return Orders(
        **{name: column(whole, name) for name in COLUMNS},
        fills=Fills(order=places, **columns),
    )


NO_FILLS = {
    name: np.empty(0, np.int64 if name.endswith("_ns") else type(value))
    for name, value in FILL.items()
}


def market(
    quotes: dict[float, float] | None = None,
    trades: list[tuple[float, float, float, str]] | None = None,
    bars: tuple[Bars, ...] = (),
    **facts: object,
) -> Market:
    """Make a market of middle prices by second, and trades."""
    quotes, trades = quotes or {}, trades or []
    times = np.array([at(second) for second in quotes], np.int64)
    columns = [np.array(each) for each in zip(*trades, strict=True)] if trades else []
    traded = Trades()
    if columns:
        moments = np.array([at(one) for one in columns[0]], np.int64)
        traded = Trades(moments, columns[1], columns[2], columns[3].astype(object))
    return Market(
        facts=Facts(**{"currency": "USD", **facts}),
        quotes=Quotes(times, np.array([*quotes.values()], float)),
        newest_ns=int(times.max(initial=0)),
        trades=traded,
        bars=bars or (Bars(60 * S), Bars(DAY_NS)),
    )


def bars(span_s: int, *rows: tuple[float, float, float, float]) -> Bars:
    """Make bars of closes, typical prices, closing prices and volumes."""
    moments, typical, close, volume = (np.array(each) for each in zip(*rows, strict=True))
    return Bars(span_s * S, np.array([at(one) for one in moments]), typical, close, volume)
