"""Starts, names and ends operating-system processes."""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from signal import SIGTERM, Signals

from quarterdeck_server.embedded.errors import CommandFailed
from quarterdeck_server.embedded.identity import Identity
from quarterdeck_server.embedded.part import Part

POLL_SECONDS = 0.02
CHILD = Path(__file__).with_name("child.py")
STATE_MARK = "SUPERVISED_STATE"
"""In the environment of all processes of a suite: the state directory they belong to."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Proves that a process is the one it was: numbers are used again, birth times are not."""

    pid: int
    born: int
    """Clock ticks from boot to the process's start."""
    boot: str
    """The boot these ticks belong to."""


def boot_id() -> str:
    """Name the running boot of this machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def mark_of(pid: int) -> Mark | None:
    """Identify a living process; none when it ended, also when nobody has collected it yet."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The program's name comes in parentheses and may hold some itself.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else Mark(pid, int(fields[19]), boot_id())


def is_alive(mark: Mark) -> bool:
    """Tell whether the very process still runs."""
    return mark_of(mark.pid) == mark


def send(mark: Mark, number: Signals) -> None:
    """Signal the very process, or nobody."""
    try:
        descriptor = os.pidfd_open(mark.pid)
    except ProcessLookupError:
        return
    try:
        if is_alive(mark):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, number)
    finally:
        os.close(descriptor)


async def survivors(marks: Iterable[Mark], patience: timedelta) -> list[Mark]:
    """Wait until processes ended, and return those that did not in time."""
    deadline = time.monotonic() + patience.total_seconds()
    alive = [mark for mark in marks if is_alive(mark)]
    while alive and time.monotonic() < deadline:
        await asyncio.sleep(POLL_SECONDS)
        alive = [mark for mark in alive if is_alive(mark)]
    return alive


def wrapped(argv: Sequence[str], death_signal: Signals, identity: Identity | None) -> list[str]:
    """Prefix a command with the program that ties it to this process and its account."""
    user, group = (identity.user, identity.group) if identity else (-1, -1)
    tie = [os.getpid(), int(death_signal), user, group]
    return [sys.executable, "-I", "-S", str(CHILD), *map(str, tie), *argv]


async def spawn(part: Part, state: Path) -> asyncio.subprocess.Process:
    """Start a part in a session of its own, so that a terminal's Ctrl-C does not reach it."""
    if threading.current_thread() is not threading.main_thread():
        # The kernel watches the thread that forked, not its process.
        raise RuntimeError("parts start in the main thread, whose end is the supervisor's")
    with part.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *wrapped(part.argv, part.death_signal, part.identity),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            cwd=part.folder,
            env={**part.environment, STATE_MARK: str(state)},
            start_new_session=True,
        )


async def run(
    argv: Sequence[str], environment: Mapping[str, str], identity: Identity | None = None
) -> str:
    """Run a short program to its end and return its output; fails with CommandFailed."""
    process = await asyncio.create_subprocess_exec(
        *wrapped(argv, SIGTERM, identity),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd="/",
        env=environment,
    )
    output, _ = await process.communicate()
    text = output.decode(errors="replace")
    if process.returncode:
        raise CommandFailed(argv[0], process.returncode, text)
    return text


async def end(
    process: asyncio.subprocess.Process, signals: Iterable[Signals], patience: timedelta
) -> None:
    """Ask a process to end, ever more firmly, then end what it left in its session."""
    for number in signals:
        if process.returncode is not None:
            break
        with suppress(ProcessLookupError):
            process.send_signal(number)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), patience.total_seconds())
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def exit_text(code: int) -> str:
    """Say in words how a process ended."""
    if code >= 0:
        return f"exit {code}"
    return f"signal {Signals(-code).name}"
