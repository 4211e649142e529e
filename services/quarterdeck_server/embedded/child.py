"""Becomes a supervised program: drops privileges, asks to die with its parent, then executes it.

Runs as a script under `python -I -S`, so it imports the standard library alone. A program of its
own instead of a `preexec_fn`, because code between fork and exec is not safe in a process that has
threads.
"""

import ctypes
import os
import signal
import sys

SET_PARENT_DEATH_SIGNAL = 1
PARENT_IS_GONE = 113


def drop_privileges(user: int, group: int) -> None:
    """Become another user for good; only root can."""
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)


def die_with(parent: int, death_signal: int) -> None:
    """Receive a signal when the parent ends, also when it already has.

    Comes after a change of user, which clears the request.
    """
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, death_signal)
    if os.getppid() != parent:
        sys.exit(PARENT_IS_GONE)


def restore_signals() -> None:
    """Undo what the interpreter ignores, since an ignored signal stays so over exec."""
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored, signal.SIG_DFL)


def main(arguments: list[str]) -> None:
    """Execute `parent death_signal user group program [argument …]`; user -1 stays who it is."""
    parent, death_signal, user, group = map(int, arguments[:4])
    if user >= 0:
        drop_privileges(user, group)
    die_with(parent, death_signal)
    restore_signals()
    os.execv(arguments[4], arguments[4:])  # noqa: S606 (what this program is for)


if __name__ == "__main__":
    main(sys.argv[1:])
