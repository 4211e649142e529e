"""What lasts as long as the tests of one folder, in whatever order tests run.

A fixture of a session would keep a whole deck running beside all tests that follow.
"""

from contextlib import ExitStack
from pathlib import Path

import pytest

STACKS = pytest.StashKey[dict[Path, ExitStack]]()


def keep_together(items: list[pytest.Item], folder: Path) -> None:
    """Let the tests of a folder follow each other, where the first of them stands."""
    mine = [item for item in items if item.path.is_relative_to(folder)]
    # Outages first: others empty the bus, where the node's memory lies, before it could be killed.
    mine.sort(key=lambda item: item.path.name != "test_outages.py")
    if mine:
        place = min(map(items.index, mine))
        others = [item for item in items if item not in set(mine)]
        items[:] = [*others[:place], *mine, *others[place:]]


def stack_of(config: pytest.Config, folder: Path) -> ExitStack:
    """Return what is closed after the last test of a folder."""
    return config.stash.setdefault(STACKS, {}).setdefault(folder, ExitStack())


def close_after(item: pytest.Item, following: pytest.Item | None, folder: Path) -> None:
    """Close what the folder's tests shared if this was the last of them."""
    if following is None or not following.path.is_relative_to(folder):
        stack_of(item.config, folder).close()
