"""Where the servers of a test session keep their files: in memory, where there is room for them.

A fresh database is a copy of some five hundred files. On a disk that takes longer than the test
that asked for it, and what is in it is thrown away at once.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

MEMORY = Path("/dev/shm")
ROOM = 2 << 30
"""Some hundred MB are used; many containers have only 64, and some forbid programs there."""


def memory() -> Path | None:
    """The file system in memory, unless it is too small or runs no programs."""
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return None
    runs = not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    return MEMORY if runs and shutil.disk_usage(MEMORY).free > ROOM else None


@contextmanager
def quick_folder(prefix: str) -> Iterator[Path]:
    """Lend a folder for servers.

    Not among pytest's folders, of which another session may remove the oldest; short, since the
    path of a unix socket has at most 107 bytes; readable for PostgreSQL's account.
    """
    with TemporaryDirectory(prefix=prefix, dir=memory(), ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
