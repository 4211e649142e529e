"""Follows the trend of one instrument: long while a fast average is above a slow one, else short.

The averages are of mid prices at the end of intervals of the market's own time, so the same prices
give the same orders at any speed of a replay.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal

from nautilus_trader.config import PositiveInt, StrategyConfig
from nautilus_trader.core.data import Data
from nautilus_trader.indicators import ExponentialMovingAverage
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide, TimeInForce
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

MINUTE_NS = 60_000_000_000
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
SLACK = 4
"""What is held may differ from what is wanted by one part in so many, as prices move."""
WARM_UP = 4
"""The slow average is as good as exact after so many times its period."""


class EmaCrossConfig(StrategyConfig, frozen=True):
    """The parameters of the strategy."""

    instrument_id: InstrumentId
    interval_minutes: PositiveInt = 30
    """Minutes of the market's time between the prices that count."""
    fast: PositiveInt = 5
    slow: PositiveInt = 13
    trade_value: Decimal = Decimal(10_000)
    """How much to hold, long or short, in the currency of the prices."""
    warm_up_quotes: PositiveInt = 2_000
    """How many quotes of the past to begin with."""


class EmaCross(Strategy):
    """The strategy."""

    def __init__(self, config: EmaCrossConfig) -> None:
        super().__init__(config)
        self._fast = ExponentialMovingAverage(config.fast)
        self._slow = ExponentialMovingAverage(config.slow)
        self._interval_ns = config.interval_minutes * MINUTE_NS
        self._interval = 0
        self._mid = 0.0
        self._orders = 0

    def on_start(self) -> None:
        """Learn the recent past, then follow the present."""
        if self.cache.instrument(self.config.instrument_id) is None:
            self.log.error(f"No instrument {self.config.instrument_id}")
            self.stop()
            return
        self.request_quote_ticks(
            self.config.instrument_id,
            start=BEGINNING,
            limit=self.config.warm_up_quotes,
            callback=self._warmed_up,
        )

    def on_resume(self) -> None:
        """Learn what happened meanwhile, and go on."""
        self.on_start()

    def on_historical_data(self, data: Data) -> None:
        """Learn from a quote of the past."""
        for quote in data if isinstance(data, list) else [data]:
            if isinstance(quote, QuoteTick):
                self._learn(quote)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Learn from a quote, and trade when an interval ends."""
        if self._learn(tick) and self._slow.count >= WARM_UP * self.config.slow:
            self._follow(tick)

    def on_save(self) -> dict[str, bytes]:
        """Save how many orders it has sent."""
        return {"orders": json.dumps(self._orders).encode()}

    def on_load(self, state: dict[str, bytes]) -> None:
        """Load what was saved."""
        self._orders = int(json.loads(state.get("orders", b"0")))

    def on_stop(self) -> None:
        """Take no more quotes; positions stay, so that the next start goes on with them."""
        self.unsubscribe_quote_ticks(self.config.instrument_id)

    def _warmed_up(self, _: object) -> None:
        self.log.info(f"Learned {self._slow.count} intervals from the past")
        self.subscribe_quote_ticks(self.config.instrument_id)

    def _learn(self, quote: QuoteTick) -> bool:
        """Take a quote in; return whether it ended an interval."""
        interval = quote.ts_event // self._interval_ns
        if interval < self._interval:
            # Time does not go back: this is another replay, of which nothing is known yet.
            self._fast.reset()
            self._slow.reset()
            self._interval = 0
        ended = self._interval not in (0, interval)
        if ended:
            self._fast.update_raw(self._mid)
            self._slow.update_raw(self._mid)
        self._interval = interval
        self._mid = (quote.bid_price.as_double() + quote.ask_price.as_double()) / 2
        return ended

    def _follow(self, quote: QuoteTick) -> None:
        """Hold what the averages say, in one order if the best price offers that much."""
        if self.is_exiting() or self.cache.orders_inflight(strategy_id=self.id):
            return
        if self.cache.orders_open(strategy_id=self.id):
            self.cancel_all_orders(self.config.instrument_id)
            return
        rising = self._fast.value > self._slow.value
        price = quote.ask_price if rising else quote.bid_price
        target = int(self.config.trade_value / price.as_decimal())
        missing = (target if rising else -target) - self._held()
        if abs(missing) * SLACK <= target:
            return
        instrument = self.cache.instrument(self.config.instrument_id)
        # No more than the best price offers; the rest follows when the next interval ends.
        offered = quote.ask_size if missing > 0 else quote.bid_size
        order = self.order_factory.market(
            self.config.instrument_id,
            OrderSide.BUY if missing > 0 else OrderSide.SELL,
            instrument.make_qty(min(abs(missing), offered.as_decimal())),
            time_in_force=TimeInForce.IOC,
        )
        self._orders += 1
        self.submit_order(order)

    def _held(self) -> Decimal:
        positions = self.cache.positions_open(
            instrument_id=self.config.instrument_id, strategy_id=self.id
        )
        return sum((position.signed_decimal_qty() for position in positions), Decimal(0))
