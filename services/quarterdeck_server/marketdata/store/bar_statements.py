"""The statements that read and make bars. PostgreSQL gathers each column into an array."""

from datetime import timedelta

from quarterdeck_server.kernel.time import LATEST_NS, NS
from quarterdeck_server.marketdata.domain.making import Making, Span
from quarterdeck_server.marketdata.domain.rollup import DAY_S, BarOrigin
from quarterdeck_server.marketdata.ports import BarQuery
from quarterdeck_server.marketdata.store.reading import BAR_COLUMNS, gathered

type Statement = tuple[str, *tuple[object, ...]]

# One step along the index for each interval: there are few, and bars are many.
RECORDED_INTERVALS = """
WITH RECURSIVE known AS (
  (SELECT bar_interval FROM marketdata.bar WHERE instrument_id = $1
   ORDER BY bar_interval LIMIT 1)
  UNION ALL
  SELECT (SELECT bar_interval FROM marketdata.bar
          WHERE instrument_id = $1 AND bar_interval > known.bar_interval
          ORDER BY bar_interval LIMIT 1)
  FROM known WHERE known.bar_interval IS NOT NULL)
SELECT array_agg(bar_interval) FROM known WHERE bar_interval IS NOT NULL"""
_NEWEST = """change_time < clock_timestamp() - $1::interval AS settled,
  (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint AS now_ns"""
NEWEST_BAR = f"""
SELECT close_time_ns AS time_ns, {_NEWEST} FROM marketdata.bar
WHERE instrument_id = $2 AND bar_interval = $3 ORDER BY close_time_ns DESC LIMIT 1"""  # noqa: S608
NEWEST_TICK = f"""
SELECT last_time_ns AS time_ns, {_NEWEST} FROM marketdata.rollup
WHERE instrument_id = $2 AND origin = $3 AND seconds = $4
ORDER BY close_time_ns DESC LIMIT 1"""  # noqa: S608 - constants of this module
_PRICE = {
    BarOrigin.TRADES: ("marketdata.trade", "price::float8", "size::float8"),
    BarOrigin.QUOTES: (
        "marketdata.quote",
        "bid_price / 2.0::float8 + ask_price / 2.0::float8",
        "0",
    ),
}


def newest(making: Making, number: int, settle: timedelta) -> Statement:
    """Return the statement that tells the newest piece, and whether others may follow it."""
    if making.interval:
        return NEWEST_BAR, settle, number, making.interval
    return NEWEST_TICK, settle, number, int(making.origin), DAY_S


def any_of(making: Making, number: int, start_ns: int, end_ns: int) -> Statement:
    """Return the statement that tells whether there are pieces that close in the range."""
    if making.is_of_ticks:
        table = _PRICE[making.origin][0]
        # A tick belongs to what closes after it; a piece closes at its own time.
        sql = f"""SELECT EXISTS (SELECT FROM {table} WHERE instrument_id = $1
                  AND event_time_ns >= $2 AND event_time_ns < $3)"""  # noqa: S608 - constants
        return sql, number, start_ns - 1, end_ns - 1
    table, condition, values = _pieces(making, number)
    sql = f"""SELECT EXISTS (SELECT FROM {table} WHERE {condition}
              AND close_time_ns >= $3 AND close_time_ns < $4)"""  # noqa: S608 - constants
    return sql, *values, start_ns, end_ns


def recorded(query: BarQuery, making: Making, number: int) -> Statement:
    """Return the statement that reads bars as they were recorded, one more than a page."""
    # No bar closes before 1970 or after 2262.
    close_ns = LATEST_NS if query.newest_first else -1
    if query.position is not None:
        close_ns = query.position.close_time_ns
    beyond = "<" if query.newest_first else ">"
    sql = f"""
      SELECT {gathered(BAR_COLUMNS, "close_time_ns")} FROM (
        SELECT {", ".join(BAR_COLUMNS)} FROM marketdata.bar
        WHERE instrument_id = $1 AND bar_interval = $2
          AND close_time_ns >= $3 AND close_time_ns < $4 AND close_time_ns {beyond} $5
        ORDER BY close_time_ns {_direction(query)} LIMIT $6
      ) page"""  # noqa: S608 - constants of this module
    limit = query.limit + 1
    return sql, number, making.interval, query.start_ns, query.end_ns, close_ns, limit


def of_pieces(query: BarQuery, making: Making, span: Span, number: int) -> Statement:
    """Return the statement that joins smaller bars, to one bar more than a page.

    A bar has at most so many pieces, so that the first bars of a page are whole with the first
    pieces: no more are read, however many there are.
    """
    table, condition, values = _pieces(making, number)
    pieces = (query.limit + 1) * (span.length_ns // (making.piece_s * NS))
    direction = _direction(query)
    sql = f"""
      SELECT {gathered(BAR_COLUMNS, "close_time_ns")} FROM (
        SELECT (close_time_ns - 1) / {span.length_ns} * {span.length_ns} + {span.length_ns}
                 AS close_time_ns,
               (array_agg(open ORDER BY close_time_ns))[1] AS open,
               max(high) AS high, min(low) AS low,
               (array_agg(close ORDER BY close_time_ns DESC))[1] AS close, sum(volume) AS volume
        FROM (
          SELECT {", ".join(BAR_COLUMNS)} FROM {table}
          WHERE {condition} AND close_time_ns > $3 AND close_time_ns <= $4
          ORDER BY close_time_ns {direction} LIMIT $5
        ) piece
        GROUP BY 1 ORDER BY 1 {direction} LIMIT $6
      ) page"""  # noqa: S608 - constants of this module, and numbers
    return sql, *values, span.start_ns, span.last_close_ns, pieces, query.limit + 1


def edge(query: BarQuery, making: Making, span: Span, number: int) -> Statement:
    """Return the statement that finds the tick at which a page begins."""
    sql = f"""
      SELECT event_time_ns FROM {_PRICE[making.origin][0]}
      WHERE instrument_id = $1 AND event_time_ns >= $2 AND event_time_ns < $3
      ORDER BY event_time_ns {_direction(query)} LIMIT 1"""  # noqa: S608 - constants
    return sql, number, span.start_ns, span.last_close_ns


def of_ticks(making: Making, window: Span, number: int) -> Statement:
    """Return the statement that makes bars of ticks."""
    table, price, size = _PRICE[making.origin]
    length = window.length_ns
    key = "event_time_ns, epoch, sequence"
    backwards = "event_time_ns DESC, epoch DESC, sequence DESC"
    sql = f"""
      SELECT {gathered(BAR_COLUMNS, "close_time_ns")} FROM (
        SELECT event_time_ns / {length} * {length} + {length} AS close_time_ns,
               (array_agg(price ORDER BY {key}))[1] AS open,
               max(price) AS high, min(price) AS low,
               (array_agg(price ORDER BY {backwards}))[1] AS close, sum(volume) AS volume
        FROM (SELECT event_time_ns, epoch, sequence, {price} AS price, {size} AS volume
              FROM {table}
              WHERE instrument_id = $1 AND event_time_ns >= $2 AND event_time_ns < $3) tick
        GROUP BY 1
      ) page"""  # noqa: S608 - constants of this module, and numbers
    return sql, number, window.start_ns, window.last_close_ns


def _pieces(making: Making, number: int) -> tuple[str, str, tuple[object, object]]:
    """Return where smaller bars are: the table, the condition on them, and its two values."""
    if making.interval:
        return (
            "marketdata.bar",
            "instrument_id = $1 AND bar_interval = $2",
            (
                number,
                making.interval,
            ),
        )
    condition = f"instrument_id = $1 AND origin = {making.origin:d} AND seconds = $2"
    return "marketdata.rollup", condition, (number, making.piece_s)


def _direction(query: BarQuery) -> str:
    return "DESC" if query.newest_first else "ASC"
