"""Keeps the parts' output files from filling the disk."""

import os
import shutil
from pathlib import Path

LARGEST_LOG_BYTES = 16 * 1024 * 1024
TAIL_BYTES = 2000


def rotate(log: Path, largest: int = LARGEST_LOG_BYTES) -> bool:
    """Move a log that outgrew its size aside.

    The writer keeps its descriptor, which appends, so the file is copied and emptied in place.
    """
    if not log.exists() or log.stat().st_size <= largest:
        return False
    shutil.copyfile(log, log.with_suffix(".log.1"))
    os.truncate(log, 0)
    return True


def tail(log: Path, size: int = TAIL_BYTES) -> str:
    """Read the end of a log, for an error that has to explain itself."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - size))
        return file.read().decode(errors="replace").strip()
