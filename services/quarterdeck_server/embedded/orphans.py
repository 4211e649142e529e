"""Ends what a supervisor left behind that was killed before it could stop its parts.

Only what is proven to be ours: the same process by its birth time, or one whose environment
names our state directory.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals

from quarterdeck_server.embedded.files import write_whole
from quarterdeck_server.embedded.part import Part
from quarterdeck_server.embedded.process import (
    STATE_MARK,
    Mark,
    is_alive,
    mark_of,
    send,
    survivors,
)
from quarterdeck_server.embedded.state import StateDirectory

PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Orphan:
    """A living process of an earlier run, and how to ask it to end."""

    name: str
    mark: Mark
    stop_signal: Signals


def record(state: StateDirectory, part: Part, pid: int) -> None:
    """Remember a process beyond the life of its supervisor."""
    if mark := mark_of(pid):
        entry = {"mark": asdict(mark), "stop_signal": int(part.stop_signals[0])}
        write_whole(_file(state, part.name), json.dumps(entry))


def forget(state: StateDirectory, part: Part) -> None:
    """Drop the memory of a process that ended."""
    _file(state, part.name).unlink(missing_ok=True)


def find(state: StateDirectory, own: int) -> list[Orphan]:
    """List the living processes of earlier runs on a state directory, but this process."""
    orphans = {orphan.mark.pid: orphan for orphan in _marked(state, own)}
    orphans |= {orphan.mark.pid: orphan for orphan in _recorded(state)}
    return list(orphans.values())


async def sweep(state: StateDirectory, own: int, patience: timedelta = PATIENCE) -> list[Orphan]:
    """End the processes of earlier runs, politely first, and tell which there were."""
    orphans = find(state, own)
    for orphan in orphans:
        send(orphan.mark, orphan.stop_signal)
    marks = [orphan.mark for orphan in orphans]
    for mark in await survivors(marks, patience):
        send(mark, SIGKILL)
    await survivors(marks, patience)
    for file in state.run.glob("*.pid"):
        file.unlink()
    return orphans


def _file(state: StateDirectory, part: str) -> Path:
    return state.run / f"{part}.pid"


def _recorded(state: StateDirectory) -> Iterator[Orphan]:
    for file in sorted(state.run.glob("*.pid")):
        try:
            entry = json.loads(file.read_text(encoding="utf-8"))
            mark = Mark(**entry["mark"])
            stop_signal = Signals(entry["stop_signal"])
        except (ValueError, TypeError, KeyError):
            # A file that we did not write proves nothing.
            continue
        if is_alive(mark):
            yield Orphan(file.stem, mark, stop_signal)


def _marked(state: StateDirectory, own: int) -> Iterator[Orphan]:
    wanted = f"{STATE_MARK}={state.path}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        if pid != own and wanted in _environment(folder) and (mark := mark_of(pid)):
            yield Orphan(f"process {pid}", mark, SIGTERM)


def _environment(folder: Path) -> list[bytes]:
    try:
        return (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        # It ended meanwhile, or belongs to a user whom we may not look at.
        return []
