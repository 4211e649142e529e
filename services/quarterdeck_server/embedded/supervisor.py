"""Starts the parts in the order of their needs, keeps them running, stops them in reverse."""

import asyncio
import graphlib
import os
import signal
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from signal import Signals
from typing import Any

from quarterdeck_server.embedded import orphans
from quarterdeck_server.embedded.components import Component, ComponentBoard
from quarterdeck_server.embedded.errors import CyclicParts, EmbeddedError
from quarterdeck_server.embedded.keeper import Keeper, Pace
from quarterdeck_server.embedded.logs import rotate
from quarterdeck_server.embedded.part import Part
from quarterdeck_server.embedded.state import StateDirectory

LOG_CHECK_INTERVAL = timedelta(seconds=60)
PACE = Pace()


def in_order(parts: Sequence[Part]) -> list[Part]:
    """Order parts so that each comes after those it needs; fails with CyclicParts."""
    known = {part.name: part for part in parts}
    needed = {need for part in parts for need in part.needs}
    if unknown := needed - known.keys():
        raise CyclicParts(unknown)
    try:
        names = graphlib.TopologicalSorter({p.name: p.needs for p in parts}).static_order()
        return [known[name] for name in names]
    except graphlib.CycleError as cycle:
        raise CyclicParts(set(cycle.args[1])) from cycle


class Supervisor:
    """Owns the processes of one suite; lives in the main thread and holds its state's lock."""

    def __init__(
        self,
        parts: Sequence[Part],
        state: StateDirectory,
        announce: Callable[[str], None],
        pace: Pace = PACE,
    ) -> None:
        self._parts = in_order(parts)
        self._state = state
        self._announce = announce
        self._board = ComponentBoard(state.components, self._parts)
        self._keepers = {
            part.name: Keeper(part, state, self._board, pace, announce) for part in self._parts
        }

    def components(self) -> list[Component]:
        """List the parts and the state each is in."""
        return self._board.all()

    async def start(self) -> None:
        """Start all parts, those that need nothing first; fails when an essential one does."""
        for orphan in await orphans.sweep(self._state, os.getpid()):
            self._announce(f"ended {orphan.name}, left by an earlier run")
        try:
            async with asyncio.TaskGroup() as starting:
                for keeper in self._keepers.values():
                    starting.create_task(self._start(keeper))
        except* EmbeddedError as failures:
            raise _first(failures) from None

    async def stop(self) -> None:
        """Stop all parts, those first that need others."""
        for part in reversed(self._parts):
            await self._keepers[part.name].stop()

    async def keep(self) -> None:
        """Look after the logs while the keepers look after the parts; runs until cancelled."""
        while True:
            await asyncio.sleep(LOG_CHECK_INTERVAL.total_seconds())
            for part in self._parts:
                rotate(part.log)

    async def _start(self, keeper: Keeper) -> None:
        for need in keeper.part.needs:
            await self._keepers[need].started()
        keeper.begin()
        if keeper.part.essential:
            await keeper.started()
            self._announce(f"{keeper.part.name} is ready")


def _first(failures: BaseExceptionGroup[EmbeddedError]) -> EmbeddedError:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def supervise(
    supervisor: Supervisor, announce: Callable[[str], None], ready: Callable[[], None]
) -> None:
    """Run a suite until a signal asks for its end; `ready` is called once when all parts are."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = _stop_signals()
    for number in numbers:
        loop.add_signal_handler(number, asked.set)
    try:
        await _until(asked, _run(supervisor, ready))
    finally:
        announce("stopping")
        await supervisor.stop()
        for number in numbers:
            loop.remove_signal_handler(number)


def _stop_signals() -> list[Signals]:
    """List what asks for the end; a terminal's end does not when it is ignored (`nohup`)."""
    always = [signal.SIGINT, signal.SIGTERM]
    ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    return always if ignored else [*always, signal.SIGHUP]


async def _run(supervisor: Supervisor, ready: Callable[[], None]) -> None:
    await supervisor.start()
    ready()
    await supervisor.keep()


async def _until(asked: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do work until it ends, or a stop is asked for, which cancels it."""
    task = asyncio.ensure_future(work)
    waiting = asyncio.create_task(asked.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        return task.result()
    task.cancel()
    await asyncio.wait({task})
    return None
