"""Measures the proportional memory (PSS) of processes with their descendants.

PSS counts a shared page once over all who share it, so the sum of a server with many processes,
such as PostgreSQL, is true. Where the kernel does not tell, nothing is measured.
"""

from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

PROC = Path("/proc")
KIB = 1024


def proportional_memory(pids: Collection[int], proc: Path = PROC) -> dict[int, int]:
    """Return the bytes of each process; one that cannot be read is left out."""
    children = _children(proc)
    measured = {pid: _tree_bytes(pid, children, proc) for pid in pids}
    return {pid: size for pid, size in measured.items() if size is not None}


def _children(proc: Path) -> dict[int, list[int]]:
    children: dict[int, list[int]] = defaultdict(list)
    for folder in proc.glob("[0-9]*"):
        parent = _parent(folder)
        if parent is not None:
            children[parent].append(int(folder.name))
    return children


def _parent(folder: Path) -> int | None:
    try:
        text = (folder / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The command stands in parentheses and may contain anything; the parent is the second after it.
    return int(text.rpartition(")")[2].split()[1])


def _tree_bytes(pid: int, children: dict[int, list[int]], proc: Path) -> int | None:
    own = _process_bytes(proc / str(pid))
    if own is None:
        return None
    return own + sum(_tree_bytes(child, children, proc) or 0 for child in children.get(pid, ()))


def _process_bytes(folder: Path) -> int | None:
    try:
        lines = (folder / "smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * KIB for line in lines if line.startswith("Pss:")), None)
