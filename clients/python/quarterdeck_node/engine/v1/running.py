"""A running node of NautilusTrader 1.x behind the engine's port."""

import asyncio
import hashlib
import inspect
from collections.abc import Iterable
from pathlib import Path

import nautilus_trader
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.trading.strategy import Strategy

from quarterdeck.api.trading.v1.node_pb2 import CachedPosition
from quarterdeck.api.trading.v1.trading_event_pb2 import TradingEvent
from quarterdeck_node.engine.port import EngineError, Readings
from quarterdeck_node.engine.v1.tap import Tap

EXIT_TIMEOUT = 15.0
"""Seconds until a market exit that is not flat has failed."""
EXIT_CHECK = 0.02


class RunningNode:
    """What a node needs of its engine."""

    def __init__(self, node: TradingNode, tap: Tap) -> None:
        self._node, self._tap = node, tap
        self._kernel, self._trader = node.kernel, node.trader
        self._was_running = self._has_ended = False

    @property
    def version(self) -> str:
        """The version of the engine."""
        return str(nautilus_trader.__version__)

    @property
    def strategies(self) -> list[str]:
        """The strategies it runs."""
        return [str(strategy.id) for strategy in self._trader.strategies()]

    @property
    def code_hash(self) -> str:
        """The hash of the files that the strategies' classes are in."""
        files = {inspect.getsourcefile(type(each)) for each in self._trader.strategies()}
        code = b"".join(Path(file).read_bytes() for file in sorted(f for f in files if f))
        return hashlib.sha256(code).hexdigest()

    @property
    def is_stopped(self) -> bool:
        """Whether the strategies ran and were stopped."""
        self._was_running = self._was_running or self._trader.is_running
        return self._has_ended or (self._was_running and self._trader.is_stopped)

    @property
    def has_ended(self) -> bool:
        """Whether it ended, or its venues are disconnected."""
        engine = self._kernel.exec_engine
        return self._has_ended or (self.is_stopped and engine.check_disconnected())

    def end(self) -> None:
        """Note that the engine ended, perhaps before its strategies ever ran."""
        self._has_ended = True

    def readings(self) -> Readings:
        """Tell how it is now."""
        cache = self._kernel.cache
        states = self._trader.strategy_states()
        return Readings(
            strategy_states={str(name): state for name, state in states.items()},
            execution_connected=self._kernel.exec_engine.check_connected(),
            open_orders=cache.orders_open_count() + cache.orders_inflight_count(),
            open_positions=cache.positions_open_count(),
        )

    def positions(self) -> list[CachedPosition]:
        """Return the positions in its cache that are not flat."""
        return self._tap.positions()

    def order_history(self) -> Iterable[TradingEvent]:
        """Return what happened to the orders in its cache."""
        return self._tap.history()

    async def market_exit(self, strategy: str) -> str:
        """Cancel all orders, close all positions, and wait until nothing is left."""
        chosen = self._chosen(strategy)
        idle = [str(each.id) for each in chosen if not each.is_running and self._holds(each)]
        if idle:
            raise EngineError(f"{', '.join(idle)} holds positions and does not run")
        for each in chosen:
            if each.is_running:
                each.market_exit()
        deadline = asyncio.get_running_loop().time() + EXIT_TIMEOUT
        while left := [str(each.id) for each in chosen if self._holds(each)]:
            if asyncio.get_running_loop().time() > deadline:
                raise EngineError(f"not flat after {EXIT_TIMEOUT:g} s: {', '.join(left)}")
            await asyncio.sleep(EXIT_CHECK)
        return "flat"

    def stop_strategy(self, strategy: str) -> str:
        """Stop a strategy, or all."""
        chosen = [each for each in self._chosen(strategy) if each.is_running]
        for each in chosen:
            self._trader.stop_strategy(each.id)
        return _told(chosen, "stopped")

    def start_strategy(self, strategy: str) -> str:
        """Start a strategy, or all."""
        chosen = [each for each in self._chosen(strategy) if not each.is_running]
        for each in chosen:
            if each.is_stopped:
                each.resume()
            else:
                self._trader.start_strategy(each.id)
        if failed := [str(each.id) for each in chosen if not each.is_running]:
            raise EngineError(f"did not start: {', '.join(failed)}")
        return _told(chosen, "started")

    def save(self) -> None:
        """Save the state of the strategies."""
        self._trader.save()

    def stop(self) -> None:
        """Begin to stop in good order."""
        self._node.stop()

    def _chosen(self, strategy: str) -> list[Strategy]:
        every = self._trader.strategies()
        chosen = [each for each in every if strategy in {"", str(each.id)}]
        if strategy and not chosen:
            raise EngineError(f"this node has no strategy {strategy}")
        return chosen

    def _holds(self, strategy: Strategy) -> bool:
        cache, name = self._kernel.cache, StrategyId(str(strategy.id))
        return bool(
            cache.positions_open(strategy_id=name)
            or cache.orders_open(strategy_id=name)
            or cache.orders_inflight(strategy_id=name)
        )


def _told(chosen: list[Strategy], what: str) -> str:
    names = ", ".join(str(each.id) for each in chosen)
    return f"{what}: {names}" if names else f"nothing to be {what}"
