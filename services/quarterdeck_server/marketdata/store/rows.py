"""How quotes, trades and bars lie in their tables."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from quarterdeck_server.marketdata.domain.columns import Bars, Quotes, Trades
from quarterdeck_server.marketdata.ports import Sequenced
from quarterdeck_server.marketdata.store.binary import Layout, timestamptz

_LENGTH = struct.Struct(">i")
_FIELDS = struct.Struct(">h")
_TICK = {
    "publish_time": "timestamptz",
    "instrument_id": "int4",
    "event_time_ns": "int8",
    "epoch": "int8",
    "sequence": "int8",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of ticks and the columns that COPY sends."""

    name: str
    layout: Layout
    more_columns: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in their order."""
        return self.layout.columns + self.more_columns


QUOTE = Table(
    "quote",
    Layout.of(**_TICK, bid_price="int8", ask_price="int8", bid_size="int8", ask_size="int8"),
)
TRADE = Table(
    "trade", Layout.of(**_TICK, price="int8", size="int8", aggressor_side="int2"), ("trade_id",)
)


def quote_rows(item: Sequenced, quotes: Quotes, number: int) -> bytes:
    """Encode quotes for COPY."""
    columns = (quotes.bid_price, quotes.ask_price, quotes.bid_size, quotes.ask_size)
    return QUOTE.layout.encode(len(quotes), [*_tick_columns(item, number), *columns])


def trade_rows(item: Sequenced, trades: Trades, number: int) -> bytes:
    """Encode trades for COPY: the fixed columns at once, then each row's identifier."""
    columns = (trades.price, trades.size, trades.aggressor_side)
    fixed = TRADE.layout.encode(len(trades), [*_tick_columns(item, number), *columns])
    return _with_texts(fixed, TRADE, trades.trade_id or ("",) * len(trades))


def bar_columns(bars: Sequence[Bars], numbers: Sequence[int]) -> list[list[object]]:
    """Return the columns of the bar table over several batches."""
    numeric = ("close_time_ns", "open", "high", "low", "close", "volume")
    return [
        [n for n, batch in zip(numbers, bars, strict=True) for _ in range(len(batch))],
        [batch.interval for batch in bars for _ in range(len(batch))],
        *(np.concatenate([getattr(b, name) for b in bars]).tolist() for name in numeric),
    ]


def _tick_columns(item: Sequenced, number: int) -> list[np.ndarray | int]:
    sequence = np.arange(item.first_sequence, item.last_sequence + 1, dtype=np.int64)
    time = timestamptz(item.publish_time_ns)
    return [time, number, item.batch.times, item.epoch, sequence]


def _with_texts(fixed: bytes, table: Table, texts: Sequence[str]) -> bytes:
    size = table.layout.dtype.itemsize
    head = _FIELDS.pack(len(table.columns))
    encoded = [text.encode() for text in texts]
    rows = (
        (head, fixed[row * size + len(head) : (row + 1) * size], _LENGTH.pack(len(text)), text)
        for row, text in enumerate(encoded)
    )
    return b"".join(chain.from_iterable(rows))
