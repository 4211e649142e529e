"""Doing two things at once: one waits for another process while the other computes."""

import asyncio
from collections.abc import Coroutine, Iterable

TURN = 32
"""How much is computed before others may go on: of steps of some ten microseconds."""


async def beside[A, B](
    one: Coroutine[object, object, A], other: Coroutine[object, object, B]
) -> tuple[A, B]:
    """Run both, and return what both return.

    If one fails, the other is canceled and has ended before the failure is raised, as it is.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = group.create_task(one), group.create_task(other)
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return tasks[0].result(), tasks[1].result()


async def in_turns[T](steps: Iterable[T]) -> list[T]:
    """Compute all steps, and let others go on now and then."""
    done: list[T] = []
    for number, step in enumerate(steps, 1):
        done.append(step)
        if number % TURN == 0:
            await asyncio.sleep(0)
    return done
