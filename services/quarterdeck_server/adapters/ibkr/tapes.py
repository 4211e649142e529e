"""From ticks to columns: what one instrument's subscriptions say, until it is taken. Pure."""

from collections.abc import Sequence

import numpy as np

from quarterdeck_server.kernel.time import NS
from quarterdeck_server.marketdata.domain.columns import Bars, Floats, Ints, Quotes, Trades
from quarterdeck_server.marketdata.domain.instrument import Instrument

BAR_S = 5
BAR_INTERVAL = "5s"
# Tick types: each live and delayed.
BID_PRICE, ASK_PRICE = frozenset({1, 66}), frozenset({2, 67})
BID_SIZE, ASK_SIZE = frozenset({0, 69}), frozenset({3, 70})
NOBODY = -1.0
MILLISECOND_NS = 1_000_000
# Beyond these lies no market, and what stands for "not told".
LARGEST = 1e9
LATEST_NS = 2**62


def sound(number: float) -> float:
    """Return a price or a quantity. Raises ValueError for what is no such number."""
    if not abs(number) < LARGEST:
        raise ValueError(f"no market has {number}")
    return number


def moment(time_ns: int) -> int:
    """Return a time. Raises ValueError for what is none."""
    if not 0 < time_ns < LATEST_NS:
        raise ValueError(f"no time is {time_ns}")
    return time_ns


def scaled(values: Floats, precision: int) -> Ints:
    """Return prices or sizes as the integers they are published as."""
    rounded: Ints = np.rint(values * 10**precision).astype(np.int64)
    return rounded


class QuoteTape:
    """Best bids and offers. A packet's messages make one quote: its sides come one by one."""

    def __init__(self, *, may_be_negative: bool) -> None:
        self._may_be_negative = may_be_negative
        self._bid: tuple[float, float] | None = None
        self._ask: tuple[float, float] | None = None
        self._is_changed = False
        self._times: list[int] = []
        self._rows: list[tuple[float, float, float, float]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def price(self, tick: int, price: float, size: float) -> None:
        """Take a price with its size; -1 says that nobody offers."""
        level = (price, _size(size)) if self._is_price(sound(price)) else None
        if tick in BID_PRICE:
            self._is_changed, self._bid = True, level
        elif tick in ASK_PRICE:
            self._is_changed, self._ask = True, level

    def size(self, tick: int, size: float) -> None:
        """Take the size of a price that stays."""
        if tick in BID_SIZE and self._bid is not None:
            self._is_changed, self._bid = True, (self._bid[0], _size(size))
        elif tick in ASK_SIZE and self._ask is not None:
            self._is_changed, self._ask = True, (self._ask[0], _size(size))

    def settle(self, time_ns: int) -> None:
        """Note the quote there is now, unless nothing changed or the sides cross for a moment."""
        if not self._is_changed or self._bid is None or self._ask is None:
            return
        if self._bid[0] > self._ask[0]:
            return
        self._is_changed = False
        self._times.append(time_ns)
        self._rows.append((self._bid[0], self._ask[0], self._bid[1], self._ask[1]))

    def take(self, instrument: Instrument) -> Quotes | None:
        """Return what came since the last time, scaled as the instrument says."""
        if not self._rows:
            return None
        bid, ask, bid_size, ask_size = _table(self._rows)
        times = np.array(self._times, dtype=np.int64)
        self._rows, self._times = [], []
        price, size = instrument.precisions
        prices = (scaled(bid, price), scaled(ask, price))
        sizes = (scaled(bid_size, size), scaled(ask_size, size))
        return Quotes(instrument.instrument, price, size, times, *prices, *sizes)

    def _is_price(self, price: float) -> bool:
        return price > 0 or (self._may_be_negative and price not in {0, NOBODY})


class TradeTape:
    """Trades, one by one or as they are aggregated."""

    def __init__(self, since_ns: int) -> None:
        self._since_ns = since_ns
        self._times: list[int] = []
        self._rows: list[tuple[float, float]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def trade(self, time_ns: int, price: float, size: float) -> None:
        """Take a trade; one of no size tells of something else."""
        if sound(size) > 0:
            row = (sound(price), size)
            self._times.append(moment(time_ns))
            self._rows.append(row)

    def text(self, text: str) -> None:
        """Take what is told as "price;size;milliseconds;…".

        The first such text tells of the last trade before the subscription.
        """
        price, size, milliseconds, *_ = text.split(";")
        time_ns = int(milliseconds) * MILLISECOND_NS
        if price and size and time_ns >= self._since_ns:
            self.trade(time_ns, float(price), float(size))

    def take(self, instrument: Instrument) -> Trades | None:
        """Return what came since the last time; nobody says who took liquidity."""
        if not self._rows:
            return None
        prices, sizes = _table(self._rows)
        times = np.array(self._times, dtype=np.int64)
        self._rows, self._times = [], []
        return Trades(
            instrument.instrument,
            *instrument.precisions,
            times,
            scaled(prices, instrument.price_precision),
            scaled(sizes, instrument.size_precision),
            np.zeros(len(times), dtype=np.int64),
        )


class BarTape:
    """Bars of five seconds."""

    def __init__(self) -> None:
        self._times: list[int] = []
        self._rows: list[Sequence[float]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def bar(self, open_s: int, values: Sequence[float]) -> None:
        """Take a bar: the time it began, then open, high, low, close and volume.

        Raises ValueError where these are not all there.
        """
        close_ns = moment((open_s + BAR_S) * NS)
        first, high, low, last, volume = map(sound, values)
        self._rows.append((first, high, low, last, volume))
        self._times.append(close_ns)

    def take(self, instrument: Instrument) -> Bars | None:
        """Return what came since the last time."""
        if not self._rows:
            return None
        bars = bars_of(instrument, BAR_INTERVAL, self._times, self._rows)
        self._rows, self._times = [], []
        return bars


def bars_of(
    instrument: Instrument,
    interval: str,
    close_times_ns: Sequence[int],
    rows: Sequence[Sequence[float]],
) -> Bars:
    """Return bars of open, high, low, close, volume; a volume below 0 says that none is told."""
    times = np.array(close_times_ns, dtype=np.int64)
    first, high, low, last, volume = _table(rows) if rows else [np.empty(0)] * 5
    volumes = np.maximum(volume, 0.0)
    return Bars(instrument.instrument, interval, times, first, high, low, last, volumes)


def _size(size: float) -> float:
    """Return the size of an offer; 0 where none is told."""
    return size if 0 <= size < LARGEST else 0.0


def _table(rows: Sequence[Sequence[float]]) -> list[Floats]:
    """Turn rows into columns."""
    return list(np.array(rows, dtype=np.float64).T.copy())
