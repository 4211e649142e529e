"""Batches and instruments the tests start from."""

from decimal import Decimal

import numpy as np

from quarterdeck_server.marketdata.domain.columns import Bars, Quotes, Trades
from quarterdeck_server.marketdata.domain.instrument import Instrument, InstrumentClass

NOW_NS = 1_800_000_000 * 10**9


def instrument(**values):
    described = {
        "instrument": "AAPL.XNAS",
        "display_name": "Apple Inc.",
        "instrument_class": InstrumentClass.EQUITY,
        "currency": "USD",
        "price_precision": 2,
        "size_precision": 0,
        "price_increment": Decimal("0.01"),
        "size_increment": Decimal(1),
    }
    return Instrument(**described | values)


def ints(*values):
    return np.array(values, dtype=np.int64)


def floats(*values):
    return np.array(values, dtype=np.float64)


def quotes(rows=3, **columns):
    values = {
        "event_time_ns": ints(*range(1, rows + 1)),
        "bid_price": ints(*[100] * rows),
        "ask_price": ints(*[101] * rows),
        "bid_size": ints(*[1] * rows),
        "ask_size": ints(*[1] * rows),
    }
    return Quotes("AAPL.XNAS", 2, 0, **values | columns)


def trades(rows=3, **columns):
    values = {
        "event_time_ns": ints(*range(1, rows + 1)),
        "price": ints(*[100] * rows),
        "size": ints(*[1] * rows),
        "aggressor_side": ints(*[0] * rows),
    }
    return Trades("AAPL.XNAS", 2, 0, **values | columns)


def bars(rows=3, **columns):
    values = {
        "close_time_ns": ints(*range(1, rows + 1)),
        "open": floats(*[10.0] * rows),
        "high": floats(*[11.0] * rows),
        "low": floats(*[9.0] * rows),
        "close": floats(*[10.5] * rows),
        "volume": floats(*[0.0] * rows),
    }
    return Bars("AAPL.XNAS", "1d", **values | columns)
