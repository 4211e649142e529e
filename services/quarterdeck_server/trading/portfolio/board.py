"""The price board: the newest prices of every instrument, as decimals and as arrays.

Each instrument has two slots in the arrays, one that values long positions and one for short
ones. Slot 0 belongs to no instrument: flat positions point there and are worth nothing.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.kernel.errors import InstrumentNotFound, NotPossibleNow
from quarterdeck_server.kernel.money import ZERO
from quarterdeck_server.trading.portfolio.actions import Split
from quarterdeck_server.trading.portfolio.instrument import Instrument
from quarterdeck_server.trading.portfolio.marks import Mark, Prices, ValuationRule
from quarterdeck_server.trading.portfolio.rates import PairPrice, Rates

_FIRST_CAPACITY = 64


class PriceBoard:
    """Prices in, marks and rates out."""

    def __init__(self, rule: ValuationRule) -> None:
        self._rule = rule
        self._instruments: dict[str, Instrument] = {}
        self._prices: dict[str, Prices] = {}
        self._slots: dict[str, int] = {}
        self._pairs: dict[str, tuple[str, str]] = {}
        self._splits: dict[str, list[Split]] = {}
        self._rates: Rates | None = None
        self._price = np.full(_FIRST_CAPACITY, np.nan)
        self._unit = np.full(_FIRST_CAPACITY, np.nan)
        self._price[0] = self._unit[0] = 0.0
        self._time = np.zeros(_FIRST_CAPACITY, dtype=np.int64)

    @property
    def prices(self) -> NDArray[np.float64]:
        """The price of each slot; NaN means none was seen."""
        return self._price

    @property
    def units(self) -> NDArray[np.float64]:
        """What one unit in each slot is worth; NaN means no price was seen."""
        return self._unit

    @property
    def times(self) -> NDArray[np.int64]:
        """The time of each slot's price in nanoseconds; 0 means none was seen."""
        return self._time

    @property
    def rates(self) -> Rates:
        """The exchange rates that the spot pairs give now."""
        if self._rates is None:
            self._rates = Rates(self._pair_prices())
        return self._rates

    def add(self, instrument: Instrument) -> None:
        """Register an instrument, or replace facts of it that do not change what it is worth."""
        known = self._instruments.get(instrument.id)
        if known is None:
            self._prices[instrument.id] = Prices()
            self._slots[instrument.id] = 1 + 2 * len(self._instruments)
            self._reserve(self._slots[instrument.id] + 2)
        elif known.economics() != instrument.economics():
            problem = f"{instrument.id} is in use: its currency, multiplier and kind cannot change"
            raise NotPossibleNow("instrument", problem, instrument=instrument.id)
        self._instruments[instrument.id] = instrument
        self._pairs.pop(instrument.id, None)
        if instrument.pair is not None:
            self._pairs[instrument.id] = instrument.pair
        self._rates = None

    def instrument(self, instrument_id: str) -> Instrument:
        """Return a registered instrument."""
        instrument = self._instruments.get(instrument_id)
        if instrument is None:
            raise InstrumentNotFound(instrument_id)
        return instrument

    def instruments(self) -> Iterator[Instrument]:
        """Yield the instruments in the order of their registration."""
        yield from self._instruments.values()

    def slot(self, instrument_id: str, quantity: Decimal) -> int:
        """Return the slot that values a signed quantity of an instrument."""
        if not quantity:
            return 0
        return self._slots[instrument_id] + (quantity < ZERO)

    def quote(
        self, instrument_id: str, bid: Decimal | None, ask: Decimal | None, time_ns: int
    ) -> None:
        """Take the newest bid and ask; ``None`` means that side of the book is empty."""
        instrument = self.instrument(instrument_id)
        bid = None if bid is None else instrument.checked_price("bid", bid)
        ask = None if ask is None else instrument.checked_price("ask", ask)
        prices = self._prices[instrument_id]
        prices.bid, prices.ask, prices.quote_ns = bid, ask, time_ns
        self._refresh(instrument)

    def trade(self, instrument_id: str, price: Decimal, time_ns: int) -> None:
        """Take the newest price of a trade (or the close of a bar)."""
        instrument = self.instrument(instrument_id)
        prices = self._prices[instrument_id]
        prices.last, prices.last_ns = instrument.checked_price("price", price), time_ns
        self._refresh(instrument)

    def fill(self, instrument: Instrument, price: Decimal, time_ns: int) -> None:
        """Take the price of an own fill, the newest: the mark until the market shows one."""
        prices = self._prices[instrument.id]
        if time_ns >= prices.fill_ns:
            self.refill(instrument, price, time_ns)

    def fill_ns(self, instrument_id: str) -> int:
        """Return the time of the newest own fill; 0 if there is none."""
        return self._prices[instrument_id].fill_ns

    def refill(self, instrument: Instrument, price: Decimal | None, time_ns: int) -> None:
        """Take what is the newest own fill after fills were taken back."""
        prices = self._prices[instrument.id]
        prices.fill, prices.fill_ns = price, time_ns
        self._refresh(instrument)

    def split(self, split: Split) -> None:
        """Value older prices of an instrument in its new units from now on."""
        known = self._splits.get(split.instrument, ())
        self._splits[split.instrument] = sorted((*known, split), key=lambda one: one.time_ns)
        self._refresh(self._instruments[split.instrument])

    def load(self, instrument_id: str, prices: Prices) -> None:
        """Take the prices of an instrument as they were saved."""
        instrument = self.instrument(instrument_id)
        self._prices[instrument_id] = prices
        self._refresh(instrument)

    def saved(self) -> Iterator[tuple[str, Prices]]:
        """Yield all prices, to be saved."""
        yield from self._prices.items()

    def mark(self, instrument_id: str, quantity: Decimal) -> Mark | None:
        """Return the mark of a signed quantity; a flat one is marked like a long one."""
        return self._marked(instrument_id, self._rule, is_long=quantity >= ZERO)

    def _marked(self, instrument_id: str, rule: ValuationRule, *, is_long: bool) -> Mark | None:
        mark = self._prices[instrument_id].mark(rule, is_long=is_long)
        if mark is None or instrument_id not in self._splits:
            return mark
        price = mark.price
        for split in self._splits[instrument_id]:
            if mark.time_ns < split.time_ns:
                price = split.price(price)
        return replace(mark, price=price)

    def _refresh(self, instrument: Instrument) -> None:
        slot = self._slots[instrument.id]
        mark = self._marked(instrument.id, self._rule, is_long=True)
        if self._rule is ValuationRule.BID_ASK:
            short = self._marked(instrument.id, self._rule, is_long=False)
            self._show(slice(slot + 1, slot + 2), instrument, short)
            self._show(slice(slot, slot + 1), instrument, mark)
        else:
            self._show(slice(slot, slot + 2), instrument, mark)
        if instrument.id in self._pairs:
            self._rates = None

    def _show(self, slots: slice, instrument: Instrument, mark: Mark | None) -> None:
        price = np.nan if mark is None else float(mark.price)
        size = float(instrument.multiplier)
        self._price[slots] = price
        self._time[slots] = 0 if mark is None else mark.time_ns
        self._unit[slots] = -size / price if instrument.is_inverse else size * price

    def _reserve(self, size: int) -> None:
        if size > len(self._unit):
            grown = max(size, 2 * len(self._unit))
            self._price = _grown(self._price, grown)
            self._unit = _grown(self._unit, grown)
            self._time = np.append(self._time, np.zeros(grown - len(self._time), np.int64))

    def _pair_prices(self) -> Iterator[PairPrice]:
        for name, (base, quote) in self._pairs.items():
            mark = self._marked(name, ValuationRule.MID, is_long=True)
            if mark is not None:
                yield PairPrice(name, base, quote, mark.price, mark.time_ns)


def _grown(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    grown = np.full(size, np.nan)
    grown[: len(values)] = values
    return grown
