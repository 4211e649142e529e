"""Takes every trading event off the engine's bus, at the moment it happens, into the spool."""

import logging
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Protocol

from nautilus_trader.cache.base import CacheFacade
from nautilus_trader.common.component import MessageBus
from nautilus_trader.model.enums import PositionSide
from nautilus_trader.model.events import AccountState as EngineAccountState
from nautilus_trader.model.events import (
    OrderEvent,
    OrderInitialized,
    PositionAdjusted,
    PositionEvent,
)
from nautilus_trader.model.identifiers import AccountId, InstrumentId

from quarterdeck.api.trading.v1.account_pb2 import AccountState, Balance
from quarterdeck.api.trading.v1.node_pb2 import CachedPosition
from quarterdeck.api.trading.v1.trading_event_pb2 import PositionReport, TradingEvent
from quarterdeck_node.engine.v1 import orders, words

LOG = logging.getLogger(__name__)
FIRST = 100
"""The priority on the bus: what happened is written down before a strategy acts on it."""


class Sink(Protocol):
    """Where events go."""

    def take(self, event: TradingEvent) -> None:
        """Keep an event."""
        ...

    def fail(self, event_id: str, problem: str) -> None:
        """Keep what could not be written as an event, and why."""
        ...


class Tap:
    """Writes the engine's events as the contract's.

    ``accounts`` names the deck's account for an account of the engine, ``account`` the one for all
    others. On paper the venue lives in the time of its data, which may be years ago; then what the
    node's own clock stamped is told in the market's time too.
    """

    def __init__(
        self,
        cache: CacheFacade,
        account: str,
        accounts: Mapping[str, str],
        *,
        on_paper: bool,
        sink: Sink,
    ) -> None:
        self._cache, self._account, self._accounts = cache, account, accounts
        self._on_paper, self._sink = on_paper, sink

    def attach(self, bus: MessageBus) -> None:
        """Listen to the bus."""
        bus.subscribe("events.order.*", self._guarded(self._on_order), priority=FIRST)
        bus.subscribe("events.position.*", self._guarded(self._on_position), priority=FIRST)
        bus.subscribe("events.account.*", self._guarded(self._on_account), priority=FIRST)

    def history(self) -> Iterator[TradingEvent]:
        """Return what happened to the orders in the cache."""
        for order in self._cache.orders():
            events = order.events
            for index in range(len(events)):
                written = self._order_event(events, index, order.account_id)
                written.reconciliation = True
                yield written

    def positions(self) -> list[CachedPosition]:
        """Return the positions in the cache that are not flat."""
        return [
            CachedPosition(
                account=self._account_of(position.account_id),
                strategy=str(position.strategy_id),
                instrument=str(position.instrument_id),
                quantity=words.number(position.signed_decimal_qty()),
            )
            for position in self._cache.positions_open()
        ]

    def _guarded(self, write: Callable[[Any], TradingEvent | None]) -> Callable[[Any], None]:
        """Keep a mistake of ours away from the bus: there it would end the process at once."""

        def handle(event: Any) -> None:
            try:
                if written := write(event):
                    self._sink.take(written)
            except Exception as error:
                LOG.exception("event %s cannot be told", event)
                self._sink.fail(str(event.id), f"{type(error).__name__}: {error}: {event}")

        return handle

    def _on_order(self, event: OrderEvent) -> TradingEvent:
        order = self._cache.order(event.client_order_id)
        if order is None and isinstance(event, OrderInitialized):
            # It is told of before it is in the cache.
            return self._decided(self._order_event([event], 0, None), event)
        history = order.events if order is not None else []
        found = [index for index, known in enumerate(history) if known.id == event.id]
        if not found:
            raise LookupError("the cache does not know the event")
        return self._order_event(history, found[-1], order.account_id)

    def _decided(self, written: TradingEvent, event: OrderInitialized) -> TradingEvent:
        """Add the market's price now, unless the strategy told at which it decided."""
        price = self._market_price(event.instrument_id)
        if price is not None and not written.order.HasField("decision_price"):
            written.order.decision_price.CopyFrom(words.number(price))
        return written

    def _order_event(
        self, history: list[Any], index: int, account: AccountId | None
    ) -> TradingEvent:
        event = history[index]
        written = orders.order_event(history, index)
        # Before it was sent, an order has no account but the one of its venue.
        account = event.account_id or account or self._cache.account_id(event.instrument_id.venue)
        written.account = self._account_of(account)
        if self._on_paper and isinstance(event, orders.OF_THE_NODE):
            time_ns = orders.venue_time(history, index) or self._market_time(event.instrument_id)
            written.event_time.FromNanoseconds(time_ns or event.ts_event)
        return written

    def _on_position(self, event: PositionEvent) -> TradingEvent | None:
        if isinstance(event, PositionAdjusted):
            return None
        sign = -1 if event.side == PositionSide.SHORT else 1
        held = sign * event.quantity.as_decimal()
        report = PositionReport(
            instrument=str(event.instrument_id),
            quantity=words.number(held),
            average_price=words.number(Decimal(str(event.avg_px_open))) if held else None,
        )
        return TradingEvent(
            event_id=str(event.id),
            event_time=orders.timestamp(event.ts_event),
            account=self._account_of(event.account_id),
            strategy=str(event.strategy_id),
            position=report,
        )

    def _on_account(self, event: EngineAccountState) -> TradingEvent | None:
        if not event.ts_event:
            # A simulated venue tells what it starts with before its clock has begun.
            return None
        account = self._account_of(event.account_id)
        state = AccountState(balances=self._balances(account, event), reported=event.is_reported)
        return TradingEvent(
            event_id=str(event.id),
            event_time=orders.timestamp(event.ts_event),
            account=account,
            account_state=state,
        )

    def _balances(self, account: str, event: EngineAccountState) -> list[Balance]:
        """Add up what all of the engine's accounts have that are one account of the deck."""
        states = {
            known.id: known.last_event
            for known in self._cache.accounts()
            if self._account_of(known.id) == account
        }
        states[event.account_id] = event
        totals: dict[str, list[Decimal]] = {}
        for state in states.values():
            for balance in state.balances:
                parts = (balance.total, balance.locked, balance.free)
                sums = totals.setdefault(str(balance.currency), [Decimal(0)] * 3)
                totals[str(balance.currency)] = [
                    old + new.as_decimal() for old, new in zip(sums, parts, strict=True)
                ]
        return [
            Balance(
                currency=currency,
                total=words.number(sums[0]),
                locked=words.number(sums[1]),
                free=words.number(sums[2]),
            )
            for currency, sums in sorted(totals.items())
        ]

    def _account_of(self, account: object) -> str:
        return self._accounts.get(str(account), self._account)

    def _market_price(self, instrument: InstrumentId) -> Decimal | None:
        """Return the middle of the newest quote, else the price of the newest trade or bar."""
        if (quote := self._cache.quote_tick(instrument)) is not None:
            return Decimal(quote.bid_price.as_decimal() + quote.ask_price.as_decimal()) / 2
        if (trade := self._cache.trade_tick(instrument)) is not None:
            return Decimal(trade.price.as_decimal())
        known = (self._cache.bar(kind) for kind in self._cache.bar_types(instrument))
        newest = max(filter(None, known), key=lambda bar: bar.ts_event, default=None)
        return None if newest is None else Decimal(newest.close.as_decimal())

    def _market_time(self, instrument: InstrumentId) -> int | None:
        """Return the time of the newest price of an instrument."""
        newest = [self._cache.quote_tick(instrument), self._cache.trade_tick(instrument)]
        newest += [self._cache.bar(kind) for kind in self._cache.bar_types(instrument)]
        return max((data.ts_event for data in newest if data is not None), default=None)
