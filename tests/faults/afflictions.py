"""What can be done to a running deck, and what it must do about it."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.faults.pace import BUS_PAUSE_S, PAUSE_S
from tests.system.deck import PARTS, Deck, wait_for

from quarterdeck_server.embedded.components import PartState


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that happens to a part of a deck."""

    name: str
    part: str
    strike: Callable[[Deck, str], None]
    restarts: Collection[str] = ()
    """The parts that must be started again because of it, and no others."""
    breaks_streams: bool = False
    silences: bool = False
    """Whether readers must be told that nobody knows what is published."""
    follows: Collection[str] = ()
    """What must have struck before, since afterwards it would show something else."""


def kill(deck: Deck, part: str) -> None:
    """Kill a part and wait until another process took its place."""
    deck.kill(part)


def pause(deck: Deck, part: str) -> None:
    """Let a part with all its processes do nothing for a while, as a machine that swaps does."""
    with paused(deck, part):
        time.sleep(BUS_PAUSE_S if part == "valkey" else PAUSE_S)


def empty(deck: Deck, part: str) -> None:
    """Kill the bus so that it comes back without anything it held."""
    before = deck.component(part).restarts
    with paused(deck, part):
        shutil.rmtree(deck.folder / part / "data")
        os.kill(pid_of(deck, part), signal.SIGKILL)
    wait_for(lambda: deck.component(part).restarts > before)
    wait_for(lambda: deck.component(part).state is PartState.RUNNING)


@contextmanager
def paused(deck: Deck, part: str) -> Iterator[None]:
    """Keep a part's processes from running until the block ends."""
    processes = family(pid_of(deck, part))
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def pid_of(deck: Deck, part: str) -> int:
    pid = deck.component(part).pid
    assert pid is not None
    return pid


def family(pid: int) -> set[int]:
    """Return a process and all that descend from it."""
    parents = dict(parentage())
    found = {pid}
    while children := {child for child, parent in parents.items() if parent in found} - found:
        found |= children
    return found


def parentage() -> Iterator[tuple[int, int]]:
    """List each process with its parent."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            yield int(file.parent.name), int(file.read_text().rpartition(")")[2].split()[1])


KILLS = [
    Fault(f"{part} killed", part, kill, (part,), breaks_streams=part in {"stream", "envoy"})
    for part in PARTS
]
FAULTS = [
    *KILLS,
    Fault("valkey paused", "valkey", pause, silences=True),
    # The node's memory lies there, too: one that is killed afterwards knows no position any more.
    Fault("valkey restarted empty", "valkey", empty, ("valkey",), follows={"node killed"}),
    Fault("postgres paused", "postgres", pause),
    Fault("services paused", "services", pause),
    Fault("stream paused", "stream", pause),
]
