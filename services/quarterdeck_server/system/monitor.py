"""Looks at the components again and again, once for all readers."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import structlog

from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.system.checks import find_all
from quarterdeck_server.system.domain.component import (
    Component,
    Observation,
    Part,
    components,
    differs,
)
from quarterdeck_server.system.metrics import COMPONENT_HEALTHY
from quarterdeck_server.system.ports import Check, Memory, Supervisor

log = structlog.get_logger()

ROUND_S = 1.0
MEMORY_ROUNDS = 5
"""Measuring memory makes the kernel walk every page table, so it is done less often."""
HEARTBEAT_S = 5.0


@dataclass(frozen=True, slots=True)
class Senses:
    """How the monitor finds out."""

    supervisor: Supervisor
    checks: Mapping[str, Check]
    memory: Memory


class Monitor:
    """Knows the components as they stand."""

    def __init__(self, senses: Senses, compute: Compute, clock: Clock) -> None:
        self._senses, self._compute, self._clock = senses, compute, clock
        self._components: dict[str, Component] = {}
        self._memory: Mapping[int, int] = {}
        self._parts: Sequence[Part] = ()
        self._round = 0
        self._looked = asyncio.Condition()

    @property
    def components(self) -> list[Component]:
        """The components by name."""
        return list(self._components.values())

    async def look_forever(self) -> None:
        """Look, rest, look again."""
        while True:
            await self.look()
            await asyncio.sleep(ROUND_S)

    async def look(self) -> None:
        """Find out how everything is, and tell those who watch."""
        observation = await self._observe()
        self._components = components(observation, self._components, self._clock.now_ns())
        self._round += 1
        for component in self._components.values():
            COMPONENT_HEALTHY.labels(component.id).set(component.is_well)
        async with self._looked:
            self._looked.notify_all()

    async def watch(self) -> AsyncIterator[list[Component]]:
        """Return all components, then those that changed; nothing now and then, as a heartbeat."""
        sent: dict[str, Component] = {}
        silent_since = float("-inf")
        while True:
            news = [one for one in self.components if differs(one, sent.get(one.id))]
            if news or self._clock.monotonic() - silent_since >= HEARTBEAT_S:
                silent_since = self._clock.monotonic()
                sent |= {one.id: one for one in news}
                yield news
            async with self._looked:
                await self._looked.wait()

    async def _observe(self) -> Observation:
        self._parts = await self._compute.thread(self._supervised)
        findings = await find_all(self._senses.checks)
        if self._round % MEMORY_ROUNDS == 0:
            pids = [part.pid for part in self._parts if part.pid]
            self._memory = await self._compute.thread(self._senses.memory, pids)
        return Observation(self._parts, findings, self._memory)

    def _supervised(self) -> Sequence[Part]:
        try:
            return self._senses.supervisor()
        except (OSError, json.JSONDecodeError) as error:
            # What it told last is better than nothing; checks say what is well by now.
            log.warning("components_file_not_read", problem=str(error))
            return self._parts
