"""The life of one part: prepare, start, wait until ready, watch, and begin again after a crash."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from quarterdeck_server.embedded import orphans
from quarterdeck_server.embedded.backoff import Backoff
from quarterdeck_server.embedded.components import ComponentBoard, PartState
from quarterdeck_server.embedded.errors import EmbeddedError, PartFailed
from quarterdeck_server.embedded.logs import tail
from quarterdeck_server.embedded.part import Part
from quarterdeck_server.embedded.process import end, exit_text, spawn
from quarterdeck_server.embedded.state import StateDirectory

ALIVE = (PartState.STARTING, PartState.RUNNING)


@dataclass(frozen=True, slots=True)
class Pace:
    """The intervals at which parts are watched and brought back."""

    backoff: Backoff = field(default_factory=Backoff)
    ready_poll: timedelta = timedelta(milliseconds=50)
    watch_poll: timedelta = timedelta(seconds=10)
    silent_polls: int = 6
    """How many polls in a row may go unanswered before a part counts as hung."""


class Keeper:
    """Keeps one part running until it is stopped."""

    def __init__(
        self,
        part: Part,
        state: StateDirectory,
        board: ComponentBoard,
        pace: Pace,
        announce: Callable[[str], None],
    ) -> None:
        self.part = part
        self._state = state
        self._board = board
        self._pace = pace
        self._announce = announce
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._started = asyncio.Event()
        self._gave_up: EmbeddedError | None = None
        self._restarts = 0
        self._failures = 0
        self._last_exit: str | None = None

    def begin(self) -> None:
        """Start to keep the part, without waiting for it."""
        self._task = asyncio.create_task(self._keep(), name=f"keep {self.part.name}")

    async def started(self) -> None:
        """Wait until the part was ready once, or ended well; fails when it gave up."""
        await self._started.wait()
        if self._gave_up is not None:
            raise self._gave_up

    async def stop(self) -> None:
        """End the part and keep it no longer."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._end_process()
        if self._board[self.part.name].state is not PartState.FAILED:
            self._show(PartState.STOPPED)

    async def _keep(self) -> None:
        while True:
            began = time.monotonic()
            reason = self._last_exit = await self._live()
            if reason is None:
                self._complete()
                return
            lived = timedelta(seconds=time.monotonic() - began)
            self._failures = self._pace.backoff.failures_after(self._failures, lived)
            if self._fails_start and self._failures >= self.part.attempts:
                self._give_up(PartFailed(self.part.name, self._explain(reason), self.part.log))
            if self._gave_up is not None:
                return
            await self._rest(reason)

    async def _live(self) -> str | None:
        """Run the part once; returns why it ended, nothing when it did what it was for."""
        self._show(PartState.STARTING)
        try:
            await self.part.prepare()
        except OSError as failure:
            return str(failure)
        except EmbeddedError as failure:
            # What we can name ourselves does not heal by being tried again.
            if self._fails_start:
                self._give_up(failure)
            return str(failure)
        return await self._run_process()

    async def _run_process(self) -> str | None:
        process = self._process = await spawn(self.part, self._state.path)
        orphans.record(self._state, self.part, process.pid)
        self._show(PartState.STARTING)
        try:
            return await self._watch(process)
        finally:
            await self._end_process()

    async def _watch(self, process: asyncio.subprocess.Process) -> str | None:
        if self.part.runs_once:
            return await self._run_to_end(process)
        if not await self._became_ready(process):
            return self._ending(process, "was not ready in time")
        self._show(PartState.RUNNING)
        self._started.set()
        await self._watch_ready(process)
        if self.part.may_end and process.returncode == 0:
            self._announce(f"{self.part.name} stopped in good order, as it was told")
            return None
        return self._ending(process, "stopped answering")

    async def _run_to_end(self, process: asyncio.subprocess.Process) -> str | None:
        ended = await self._ends_within(process, self.part.start_timeout)
        if ended and process.returncode == 0:
            return None
        return self._ending(process, "did not end in time")

    async def _became_ready(self, process: asyncio.subprocess.Process) -> bool:
        deadline = time.monotonic() + self.part.start_timeout.total_seconds()
        while time.monotonic() < deadline:
            if await self._ends_within(process, self._pace.ready_poll):
                return False
            if await self.part.ready():
                return True
        return False

    async def _watch_ready(self, process: asyncio.subprocess.Process) -> None:
        silent = 0
        while silent < self._pace.silent_polls:
            if await self._ends_within(process, self._pace.watch_poll):
                return
            silent = 0 if await self.part.ready() else silent + 1

    async def _ends_within(self, process: asyncio.subprocess.Process, patience: timedelta) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), patience.total_seconds())
        return process.returncode is not None

    def _ending(self, process: asyncio.subprocess.Process, otherwise: str) -> str:
        return otherwise if process.returncode is None else exit_text(process.returncode)

    async def _end_process(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        await end(process, self.part.stop_signals, self.part.patience)
        orphans.forget(self._state, self.part)

    async def _rest(self, reason: str) -> None:
        delay = self._pace.backoff.delay(self._failures, random.random())  # noqa: S311 (spreads, hides nothing)
        self._restarts += 1
        self._show(PartState.BACKOFF)
        if self._started.is_set():
            self._announce(f"{self.part.name} ended ({reason}); starting it again")
        await asyncio.sleep(delay.total_seconds())

    @property
    def _fails_start(self) -> bool:
        """Whether giving up is possible: later, and for what is not essential, it never is."""
        return self.part.essential and not self._started.is_set()

    def _complete(self) -> None:
        self._last_exit = exit_text(0)
        self._show(PartState.STOPPED)
        self._started.set()

    def _give_up(self, failure: EmbeddedError) -> None:
        self._gave_up = failure
        self._last_exit = self._last_exit or str(failure)
        self._show(PartState.FAILED)
        self._started.set()

    def _explain(self, reason: str) -> str:
        return f"{reason}\n{tail(self.part.log)}\n"

    def _show(self, state: PartState) -> None:
        pid = self._process.pid if self._process and state in ALIVE else None
        self._board.show(
            self.part.name, state, pid=pid, restarts=self._restarts, last_exit=self._last_exit
        )
