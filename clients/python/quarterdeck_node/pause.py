"""How long to wait before trying again."""

import asyncio
import random

FIRST = 0.1
LIMIT = 5.0
JITTER = random.SystemRandom()


class Backoff:
    """Delays that double up to a limit, each shortened by up to a half by chance."""

    def __init__(self) -> None:
        self._next = FIRST

    def reset(self) -> None:
        """Start over after a success."""
        self._next = FIRST

    async def wait(self, at_least: float | None = None) -> None:
        """Wait, longer than the last time."""
        delay, self._next = self._next, min(LIMIT, self._next * 2)
        await asyncio.sleep(max(at_least or 0.0, delay * JITTER.uniform(0.5, 1.0)))
