"""Work that goes on beside the calls and must not die silently."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from prometheus_client import Counter

log = structlog.get_logger()

FAILURES = Counter(
    "quarterdeck_background_failures_total", "Unexpected ends of background work.", ["name"]
)
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0


class Background:
    """Runs loops, starts them again when they fail, and stops them together."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Run ``work`` until it returns; after an unexpected error run it again, with a pause."""
        task = asyncio.create_task(_keep_running(name, work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Cancel everything and wait for its end."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def background() -> AsyncIterator[Background]:
    """Offer background work that ends with the block."""
    work = Background()
    try:
        yield work
    finally:
        await work.close()


async def _keep_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    pause = FIRST_PAUSE_S
    while True:
        started = asyncio.get_running_loop().time()
        try:
            await work()
        except Exception:
            FAILURES.labels(name).inc()
            log.exception("background_work_failed", name=name)
        else:
            return
        if asyncio.get_running_loop().time() - started > LONGEST_PAUSE_S:
            pause = FIRST_PAUSE_S
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads, no secret
        pause = min(pause * 2, LONGEST_PAUSE_S)
