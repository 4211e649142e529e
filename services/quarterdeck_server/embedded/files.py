"""Files that are whole or absent, and folders that only their owner opens."""

import os
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def write_whole(path: Path, text: str, mode: int = PRIVATE_FILE) -> None:
    """Replace a file in one step, so that a reader or a crash never meets half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.chmod(mode)
    draft.replace(path)


def private_folder(path: Path) -> Path:
    """Make a folder, with those above it, that only its owner can enter."""
    path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    path.chmod(PRIVATE_FOLDER)
    return path


def folder(path: Path) -> Path:
    """Make a folder, with those above it."""
    path.mkdir(parents=True, exist_ok=True)
    return path
