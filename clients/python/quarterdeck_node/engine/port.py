"""What the rest of a node asks of a trading engine."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from quarterdeck.api.trading.v1.node_pb2 import CachedPosition
from quarterdeck.api.trading.v1.trading_event_pb2 import TradingEvent


class EngineError(Exception):
    """The engine cannot do what was asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Readings:
    """How an engine is, taken inside its event loop."""

    strategy_states: Mapping[str, str]
    execution_connected: bool
    open_orders: int
    open_positions: int


class Engine(Protocol):
    """A running trading engine."""

    @property
    def version(self) -> str:
        """The version of the engine, for example "1.231.0"."""
        ...

    @property
    def strategies(self) -> list[str]:
        """The strategies it runs."""
        ...

    @property
    def code_hash(self) -> str:
        """The hash of the strategies' code."""
        ...

    @property
    def is_stopped(self) -> bool:
        """Whether the strategies were stopped in good order; what they sent may still fill."""
        ...

    @property
    def has_ended(self) -> bool:
        """Whether nothing can happen any more."""
        ...

    def readings(self) -> Readings:
        """Tell how it is now."""
        ...

    def positions(self) -> list[CachedPosition]:
        """Return the positions in its cache that are not flat."""
        ...

    def order_history(self) -> Iterable[TradingEvent]:
        """Return what happened to the orders in its cache, oldest first within an order."""
        ...

    async def market_exit(self, strategy: str) -> str:
        """Cancel all orders and close all positions; return what came of it."""
        ...

    def stop_strategy(self, strategy: str) -> str:
        """Stop a strategy, or all; return what came of it."""
        ...

    def start_strategy(self, strategy: str) -> str:
        """Start a strategy, or all; return what came of it."""
        ...

    def save(self) -> None:
        """Save the state of the strategies."""
        ...

    def stop(self) -> None:
        """Begin to stop in good order."""
        ...
