"""Who is known to be a stream worker."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from quarterdeck_server.runtime.bus import LocalBus, Message
from quarterdeck_server.stream.directory import Census, Directory, Worker


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: float = 100.0

    def now_ns(self) -> int:
        return int(self.now * 1e9)

    def monotonic(self) -> float:
        return self.now


@dataclass
class Scene:
    """The directory of the worker "b", and what others say on the bus."""

    bus: LocalBus
    clock: Clock
    directory: Directory

    async def hear(self, name: str, *, is_leaving: bool = False, **streams: int) -> None:
        about = Worker(name, f"{name}:1", Census(streams), is_leaving)
        await self.say(about.encode())

    async def say(self, payload: bytes) -> None:
        await self.bus.publish([Message("_workers/x", 1, 1, 1, 0, payload)])
        for _ in range(3):
            await asyncio.sleep(0)

    def names(self) -> list[str]:
        return [worker.name for worker in self.directory.others()]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A worker that follows the others."""
    bus, clock = LocalBus(), Clock()
    directory = Directory("b", "b:1", bus, clock, Census)
    task = asyncio.create_task(directory.follow())
    await asyncio.sleep(0)
    yield Scene(bus, clock, directory)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_worker_that_is_silent_while_others_are_heard_is_forgotten(scene: Scene) -> None:
    await scene.hear("a")
    for _ in range(4):
        scene.clock.now += 1
        await scene.hear("b")
    assert scene.names() == []


async def test_nobody_is_forgotten_while_the_bus_is_away(scene: Scene) -> None:
    for name in ("a", "b", "c"):
        await scene.hear(name)
    scene.clock.now += 3600
    await scene.hear("c")
    assert scene.names() == ["a", "c"]


async def test_a_worker_that_leaves_is_forgotten_at_once(scene: Scene) -> None:
    left: list[str] = []
    scene.directory.on_left = lambda worker: left.append(worker.address)
    await scene.hear("a")
    await scene.hear("a", is_leaving=True)
    assert (scene.names(), left) == ([], ["a:1"])


async def test_the_first_by_name_speaks_for_all(scene: Scene) -> None:
    assert scene.directory.speaks
    await scene.hear("c")
    assert scene.directory.speaks
    await scene.hear("a")
    assert not scene.directory.speaks


async def test_streams_at_other_workers_are_added_up(scene: Scene) -> None:
    await scene.hear("a", ada=2, bob=1)
    await scene.hear("c", ada=3)
    await scene.hear("b", ada=50)
    assert scene.directory.streams_of("ada") == 5


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b'{"name": "a"}', b"\xff"])
async def test_what_is_no_description_of_a_worker_harms_nobody(
    scene: Scene, payload: bytes
) -> None:
    await scene.say(payload)
    await scene.hear("a")
    assert scene.names() == ["a"]
