"""What lasts as long as the tests of one folder, in whatever order tests run.

A fixture of a session would keep a whole deck running beside all tests that follow.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.system.deck import Deck, start, stop

STACKS = pytest.StashKey[dict[Path, ExitStack]]()


def keep_together(
    items: list[pytest.Item], folder: Path, order: Callable[[pytest.Item], Any] = lambda _: 0
) -> None:
    """Let the tests of a folder follow each other in an order, where the first of them stands."""
    mine = sorted((item for item in items if item.path.is_relative_to(folder)), key=order)
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


def shared_suite(session: pytest.Session, folder: Path, settings: Mapping[str, str]) -> Deck:
    """Start a whole suite for the tests of a folder."""
    stack = stack_of(session.config, folder)
    running = start(stack.enter_context(place(session)) / "d", settings)
    stack.callback(stop, running)
    return running


@contextmanager
def place(session: pytest.Session) -> Iterator[Path]:
    """Make a folder for a suite; it stays when a test failed, because the logs are in it.

    Not below pytest's own, which every other run of pytest closes again to PostgreSQL's account;
    short, since a unix socket's path has at most 107 bytes.
    """
    failed = session.testsfailed
    made = Path(tempfile.mkdtemp(prefix="quarterdeck-"))
    made.chmod(0o755)
    yield made
    if session.testsfailed == failed:
        shutil.rmtree(made)
