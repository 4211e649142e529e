"""Tasks that run at once, up to where they first wait: no turn of the loop passes before."""

import asyncio
from collections.abc import Coroutine
from typing import Any


def begin[T](work: Coroutine[Any, Any, T], name: str | None = None) -> asyncio.Task[T]:
    """Begin a task now; what is done before it first waits is done when this returns."""
    loop = asyncio.get_running_loop()
    return asyncio.Task(work, loop=loop, name=name, eager_start=True)
