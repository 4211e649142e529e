"""Long work in turns: whoever waits for the loop has it in between."""

import asyncio
from collections.abc import AsyncIterator, Iterable

BREATH = 100


async def in_turns[T](items: Iterable[T], breath: int = BREATH) -> AsyncIterator[T]:
    """Return the items one by one, with a pause for others after so many of them."""
    for place, item in enumerate(items, start=1):
        yield item
        if place % breath == 0:
            await asyncio.sleep(0)
