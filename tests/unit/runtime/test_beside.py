"""Doing two things at once."""

import asyncio

import pytest

from quarterdeck_server.runtime.beside import TURN, beside, in_turns


async def test_others_go_on_while_many_steps_are_computed() -> None:
    turns = 0

    async def other() -> int:
        nonlocal turns
        while turns < 3:
            turns += 1
            await asyncio.sleep(0)
        return turns

    steps = ((turns, number) for number in range(10 * TURN))
    seen, _ = await beside(in_turns(steps), other())
    assert [number for _, number in seen] == list(range(10 * TURN))
    assert {during for during, _ in seen} == {0, 1, 2, 3}


async def test_a_failure_ends_the_other_first_and_comes_as_it_is() -> None:
    ended = asyncio.Event()

    async def patient() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.set()

    async def failing() -> None:
        await asyncio.sleep(0)
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"):
        await beside(patient(), failing())
    assert ended.is_set()
