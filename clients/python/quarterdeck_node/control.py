"""Carries out what the deck tells the node to do."""

import logging
from collections.abc import Awaitable, Callable

from quarterdeck import AsyncClient
from quarterdeck.api.trading.v1.node_pb2 import (
    COMMAND_KIND_MARKET_EXIT,
    COMMAND_KIND_SAVE_STATE,
    COMMAND_KIND_START_STRATEGY,
    COMMAND_KIND_STOP_NODE,
    COMMAND_KIND_STOP_STRATEGY,
    COMMAND_STATE_DONE,
    COMMAND_STATE_FAILED,
    Command,
    CommandResult,
    CommandState,
)
from quarterdeck.errors import QuarterdeckError
from quarterdeck_node.engine.port import Engine, EngineError
from quarterdeck_node.health import Reporter
from quarterdeck_node.pause import Backoff

LOG = logging.getLogger(__name__)
MOST_TEXT = 2000


class Control:
    """Reads the commands to a node, carries each out once, and reports what came of it."""

    def __init__(self, client: AsyncClient, node: str, engine: Engine, reporter: Reporter) -> None:
        self._client, self._node = client, node
        self._engine, self._reporter = engine, reporter
        self._finished: set[str] = set()

    async def run(self) -> None:
        """Carry out commands for ever, one after the other."""
        backoff = Backoff()
        while True:
            try:
                async for answer in self._client.nodes.watch_commands(name=self._node):
                    backoff.reset()
                    for command in answer.commands:
                        await self._obey(command)
            except QuarterdeckError as error:
                LOG.warning("commands cannot be read: %s", error)
            await backoff.wait()

    async def _obey(self, command: Command) -> None:
        if command.name in self._finished:
            return
        self._finished.add(command.name)
        if command.kind == COMMAND_KIND_STOP_NODE:
            # The result first: a command without one would stop the node again at its next start.
            await self._tell(command, COMMAND_STATE_DONE, "the node stops")
            self._engine.stop()
            return
        try:
            result = await self._carry_out(command)
        except EngineError as error:
            LOG.warning("%s failed: %s", command.name, error)
            await self._tell(command, COMMAND_STATE_FAILED, str(error))
        else:
            await self._tell(command, COMMAND_STATE_DONE, result)

    async def _carry_out(self, command: Command) -> str:
        actions: dict[int, Callable[[str], Awaitable[str]]] = {
            COMMAND_KIND_MARKET_EXIT: self._engine.market_exit,
            COMMAND_KIND_STOP_STRATEGY: self._stop_strategy,
            COMMAND_KIND_START_STRATEGY: self._start_strategy,
            COMMAND_KIND_SAVE_STATE: self._save,
        }
        if command.kind not in actions:
            raise EngineError(f"this node does not know command {command.kind}")
        return await actions[command.kind](command.strategy)

    async def _stop_strategy(self, strategy: str) -> str:
        return self._engine.stop_strategy(strategy)

    async def _start_strategy(self, strategy: str) -> str:
        return self._engine.start_strategy(strategy)

    async def _save(self, _: str) -> str:
        self._engine.save()
        return "the strategies' state is saved"

    async def _tell(self, command: Command, state: CommandState.ValueType, text: str) -> None:
        result = CommandResult(name=command.name, state=state, result=text[:MOST_TEXT])
        try:
            await self._reporter.report([result])
        except QuarterdeckError as error:
            LOG.warning("the result of %s waits: %s", command.name, error)
