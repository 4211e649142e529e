"""Work that would hold the event loop for longer than some 5 ms."""

import asyncio
import sys
from collections.abc import Callable

TURN_S = 0.000_5
"""How long a thread computes before others have their turn. With the interpreter's own 5 ms a call
waits that long at each of its many steps, which comes to 50 ms and more."""


def take_turns() -> None:
    """Let the event loop have its turn soon while threads compute; for the whole process."""
    sys.setswitchinterval(TURN_S)


class Compute:
    """Threads for numpy, which lets others compute meanwhile, and for files."""

    async def thread[**P, R](self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run ``work`` in a thread."""
        return await asyncio.to_thread(work, *args, **kwargs)
