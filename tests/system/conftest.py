"""Whole suites for the tests, one for each module."""

from collections.abc import Iterator

import pytest
from tests.system.deck import Deck, start, stop
from tests.system.folders import Folders, folders_of


@pytest.fixture(scope="session")
def folders(request: pytest.FixtureRequest) -> Folders:
    """Makes folders for suites."""
    return folders_of(request.session)


@pytest.fixture(scope="module")
def suite(folders: Folders) -> Iterator[Deck]:
    """A suite of its own for each module, since what one stops another needs."""
    with folders() as folder:
        running = start(folder / "d")
        yield running
        stop(running)
