"""Lets one supervisor at a time use a state directory."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from quarterdeck_server.embedded.errors import AlreadyRunning
from quarterdeck_server.embedded.state import StateDirectory

type Announce = Callable[[str], None]
"""Tells those who find the lock held where the suite answers."""


@contextmanager
def exclusive(state: StateDirectory) -> Iterator[Announce]:
    """Hold the state directory; fails with AlreadyRunning, which names the holder.

    The kernel lets the lock go when its holder ends, in whatever way.
    """
    with state.lock.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise _already_running(state, file) from held
        _describe(file, None)
        yield lambda address: _describe(file, address)


def _describe(file: TextIO, address: str | None) -> None:
    file.seek(0)
    file.truncate()
    file.write(json.dumps({"pid": os.getpid(), "address": address}))
    file.flush()


def _already_running(state: StateDirectory, file: TextIO) -> AlreadyRunning:
    file.seek(0)
    try:
        holder = json.load(file)
    except json.JSONDecodeError:
        # The holder is between taking the lock and describing itself.
        holder = {}
    return AlreadyRunning(state.path, holder.get("pid"), holder.get("address"))
