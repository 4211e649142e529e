"""Whole suites for the tests: one for those that leave it running."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.system.deck import REPLAY, Deck, start, stop


def open_to_servers(folder: Path) -> Path:
    """Let PostgreSQL's account, which is not root, into a folder of pytest's."""
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deck]:
    """The suite that most tests share."""
    running = start(open_to_servers(tmp_path_factory.mktemp("suite")) / "d")
    yield running
    stop(running)


@pytest.fixture
def playing(suite: Deck) -> Deck:
    """The suite with its replay running, whatever the test before did to it."""
    suite.call("SourceService/StartSource", {"name": REPLAY})
    return suite
