"""Reading history: PostgreSQL gathers each column into an array, so that no row passes Python."""

from typing import Any

import asyncpg
import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.marketdata.domain.columns import Bars, Floats, Ints, Quotes, Trades
from quarterdeck_server.marketdata.domain.instrument import Instrument
from quarterdeck_server.marketdata.ports import BarQuery, Stored, TickQuery

type Row = asyncpg.Record | None
type Statement = tuple[str, list[object]]

TICK_KEY = "event_time_ns, epoch, sequence"
QUOTE_COLUMNS = ("bid_price", "ask_price", "bid_size", "ask_size")
TRADE_COLUMNS = ("price", "size", "aggressor_side", "trade_id")
BAR_COLUMNS = ("close_time_ns", "open", "high", "low", "close", "volume")


def quotes(query: TickQuery, number: int) -> Statement:
    """Return the statement that reads quotes."""
    return _ticks("quote", QUOTE_COLUMNS, query, number)


def trades(query: TickQuery, number: int) -> Statement:
    """Return the statement that reads trades."""
    return _ticks("trade", TRADE_COLUMNS, query, number)


def stored_quotes(row: Row, instrument: Instrument) -> Stored[Quotes]:
    """Read an answer to ``quotes``."""
    rows = Quotes(
        instrument.instrument,
        instrument.price_precision,
        instrument.size_precision,
        _ints(row, "event_time_ns"),
        *(_ints(row, name) for name in QUOTE_COLUMNS),
    )
    return Stored(rows, _ints(row, "epoch"), _ints(row, "sequence"))


def stored_trades(row: Row, instrument: Instrument) -> Stored[Trades]:
    """Read an answer to ``trades``."""
    identifiers = tuple(_values(row, "trade_id"))
    rows = Trades(
        instrument.instrument,
        instrument.price_precision,
        instrument.size_precision,
        _ints(row, "event_time_ns"),
        price=_ints(row, "price"),
        size=_ints(row, "size"),
        aggressor_side=_ints(row, "aggressor_side"),
        trade_id=identifiers if any(identifiers) else (),
    )
    return Stored(rows, _ints(row, "epoch"), _ints(row, "sequence"))


def stored_bars(row: Row, query: BarQuery) -> Bars:
    """Read bars whose columns were gathered."""
    values = {name: _floats(row, name) for name in BAR_COLUMNS[1:]}
    return Bars(query.instrument, query.interval, _ints(row, "close_time_ns"), **values)


def _ticks(table: str, columns: tuple[str, ...], query: TickQuery, number: int) -> Statement:
    names = ("event_time_ns", "epoch", "sequence", *columns)
    direction = _direction(query.newest_first)
    values: list[object] = [number, query.start_ns, query.end_ns, query.limit]
    after = ""
    if query.position is not None:
        after = f"AND ({TICK_KEY}) {_beyond(query.newest_first)} ($5, $6, $7)"
        values += query.position
    order = ", ".join(f"{name} {direction}" for name in TICK_KEY.split(", "))
    sql = f"""
      SELECT {gathered(names, TICK_KEY)} FROM (
        SELECT {", ".join(names)} FROM marketdata.{table}
        WHERE instrument_id = $1 AND event_time_ns >= $2 AND event_time_ns < $3 {after}
        ORDER BY {order} LIMIT $4
      ) page"""  # noqa: S608 - constants of this module
    return sql, values


def gathered(names: tuple[str, ...], order: str) -> str:
    """Return the columns as arrays, each in the given order."""
    return ", ".join(f"array_agg({name} ORDER BY {order}) AS {name}" for name in names)


def _direction(newest_first: bool) -> str:
    return "DESC" if newest_first else "ASC"


def _beyond(newest_first: bool) -> str:
    return "<" if newest_first else ">"


def _values(row: Row, name: str) -> list[Any]:
    return (row[name] if row is not None else None) or []


def _ints(row: Row, name: str) -> Ints:
    return _array(row, name, np.int64)


def _floats(row: Row, name: str) -> Floats:
    return _array(row, name, np.float64)


def _array[T: np.generic](row: Row, name: str, dtype: type[T]) -> NDArray[T]:
    return np.array(_values(row, name), dtype=dtype)
