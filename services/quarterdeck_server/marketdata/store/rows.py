"""How quotes, trades and bars lie in their tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from quarterdeck_server.marketdata.domain.columns import Bars, Ints, Trades
from quarterdeck_server.marketdata.ports import Sequenced
from quarterdeck_server.marketdata.store.binary import Layout, timestamptz

_TICK = {
    "publish_time": "timestamptz",
    "instrument_id": "int4",
    "event_time_ns": "int8",
    "epoch": "int8",
    "sequence": "int8",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of ticks: its key, its numbers, and a text as the last column if it has one."""

    name: str
    layout: Layout
    text: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in their order."""
        return (*self.layout.columns, self.text) if self.text else self.layout.columns

    @property
    def values(self) -> tuple[str, ...]:
        """The columns of numbers that are not of the key."""
        return self.layout.columns[len(_TICK) :]


QUOTE = Table(
    "quote",
    Layout.of(**_TICK, bid_price="int8", ask_price="int8", bid_size="int8", ask_size="int8"),
)
TRADE = Table(
    "trade", Layout.of(**_TICK, price="int8", size="int8", aggressor_side="int2"), "trade_id"
)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of all ticks of several batches in columns, in the order of the batches."""

    number: Ints
    event_time_ns: Ints
    epoch: Ints
    sequence: Ints
    publish_time_ns: Ints

    @classmethod
    def of(cls, items: Sequence[Sequenced], number: Callable[[str], int]) -> "Keys":
        """Gather the keys of batches; ``number`` tells instruments as the tables know them."""
        lengths = np.array([len(item.batch) for item in items])
        firsts = np.array([item.first_sequence for item in items], dtype=np.int64)
        # Within a batch the numbers follow each other; each batch starts anew.
        offsets = np.cumsum(lengths) - lengths
        return cls(
            number=_repeated([number(item.batch.instrument) for item in items], lengths),
            event_time_ns=np.concatenate([item.batch.times for item in items]),
            epoch=_repeated([item.epoch for item in items], lengths),
            sequence=np.arange(lengths.sum()) + np.repeat(firsts - offsets, lengths),
            publish_time_ns=_repeated([item.publish_time_ns for item in items], lengths),
        )

    def __len__(self) -> int:
        return len(self.number)


def tick_rows(table: Table, items: Sequence[Sequenced], number: Callable[[str], int]) -> bytes:
    """Encode batches of one kind for COPY."""
    keys = Keys.of(items, number)
    columns = [
        timestamptz(keys.publish_time_ns),
        *(keys.number, keys.event_time_ns, keys.epoch, keys.sequence),
        *(np.concatenate([getattr(each.batch, name) for each in items]) for name in table.values),
    ]
    if not table.text:
        return table.layout.encode(columns)
    return table.layout.encode(columns, list(chain.from_iterable(map(_texts, items))))


def bar_columns(bars: Sequence[Bars], numbers: Sequence[int]) -> list[list[object]]:
    """Return the columns of the bar table over several batches."""
    numeric = ("close_time_ns", "open", "high", "low", "close", "volume")
    return [
        [n for n, batch in zip(numbers, bars, strict=True) for _ in range(len(batch))],
        [batch.interval for batch in bars for _ in range(len(batch))],
        *(np.concatenate([getattr(b, name) for b in bars]).tolist() for name in numeric),
    ]


def _texts(item: Sequenced) -> Sequence[str]:
    given = item.batch.trade_id if isinstance(item.batch, Trades) else ()
    return given or ("",) * len(item.batch)


def _repeated(values: Sequence[int], lengths: Ints) -> Ints:
    return np.repeat(np.array(values, dtype=np.int64), lengths)
