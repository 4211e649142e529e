"""Tells the state of the parts in a file that the system service reads."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from quarterdeck_server.embedded.files import write_whole
from quarterdeck_server.embedded.part import Part
from quarterdeck_server.kernel.time import datetime_from_ns
from quarterdeck_server.runtime.clock import Clock, SystemClock


class PartState(StrEnum):
    """Where a part is in its life."""

    STARTING = "STARTING"
    RUNNING = "RUNNING"
    BACKOFF = "BACKOFF"
    STOPPED = "STOPPED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Component:
    """What is known of one part now."""

    name: str
    state: PartState
    pid: int | None
    restarts: int
    since: str
    """When it entered the state, RFC 3339 in UTC."""
    last_exit: str | None
    log: str


SYSTEM_CLOCK = SystemClock()


class ComponentBoard:
    """The parts' states, written to the file at every change."""

    def __init__(self, file: Path, parts: Iterable[Part], clock: Clock = SYSTEM_CLOCK) -> None:
        self._file = file
        self._clock = clock
        self._components = {part.name: self._stopped(part) for part in parts}
        self._write()

    def __getitem__(self, name: str) -> Component:
        return self._components[name]

    def all(self) -> list[Component]:
        """List the parts in their order."""
        return list(self._components.values())

    def show(
        self,
        name: str,
        state: PartState,
        *,
        pid: int | None = None,
        restarts: int = 0,
        last_exit: str | None = None,
    ) -> None:
        """Tell that a part entered a state."""
        self._components[name] = replace(
            self._components[name],
            state=state,
            pid=pid,
            restarts=restarts,
            since=self._time(),
            last_exit=last_exit,
        )
        self._write()

    def _stopped(self, part: Part) -> Component:
        log = str(part.log)
        return Component(part.name, PartState.STOPPED, None, 0, self._time(), None, log)

    def _time(self) -> str:
        time = datetime_from_ns(self._clock.now_ns())
        return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _write(self) -> None:
        rows = [asdict(component) for component in self._components.values()]
        write_whole(self._file, json.dumps(rows, indent=2) + "\n")


def read_components(file: Path) -> list[Component]:
    """Read what a supervisor told last; nothing when none ever ran."""
    if not file.exists():
        return []
    rows = json.loads(file.read_text(encoding="utf-8"))
    return [Component(**{**row, "state": PartState(row["state"])}) for row in rows]
