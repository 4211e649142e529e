"""Work that would hold the event loop for longer than some 5 ms."""

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context

MAX_PROCESSES = 2
TURN_S = 0.000_5
"""How long a thread computes before others have their turn. With the interpreter's own 5 ms a call
waits that long at each of its many steps, which comes to 50 ms and more."""


def take_turns() -> None:
    """Let the event loop have its turn soon while threads compute; for the whole process."""
    sys.setswitchinterval(TURN_S)


class Compute:
    """Threads for numpy and files, processes for Python loops; both start when needed."""

    def __init__(self, processes: int = MAX_PROCESSES) -> None:
        self._processes = processes
        self._pool: Executor | None = None

    async def thread[**P, R](self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run ``work`` in a thread."""
        return await asyncio.to_thread(work, *args, **kwargs)

    async def process[*T, R](self, work: Callable[[*T], R], *args: *T) -> R:
        """Run a module-level function of plain values in another process."""
        if self._pool is None:
            context = get_context("forkserver")
            self._pool = ProcessPoolExecutor(self._processes, mp_context=context)
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)

    def close(self) -> None:
        """End the pool; work in it that has not begun is dropped."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
