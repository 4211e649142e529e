"""Whole suites for the tests, one for each module."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.system.deck import Deck, start, stop

type Folders = Callable[[], contextlib.AbstractContextManager[Path]]


@pytest.fixture(scope="session")
def folders(request: pytest.FixtureRequest) -> Folders:
    """Makes folders for suites; one stays when a test failed, because the logs are in it.

    Not below pytest's own, which every other run of pytest closes again to PostgreSQL's account;
    short, since a unix socket's path has at most 107 bytes.
    """

    @contextlib.contextmanager
    def folder() -> Iterator[Path]:
        failed = request.session.testsfailed
        made = Path(tempfile.mkdtemp(prefix="quarterdeck-"))
        made.chmod(0o755)
        yield made
        if request.session.testsfailed == failed:
            shutil.rmtree(made)

    return folder


@pytest.fixture(scope="module")
def suite(folders: Folders) -> Iterator[Deck]:
    """A suite of its own for each module, since what one stops another needs."""
    with folders() as folder:
        running = start(folder / "d")
        yield running
        stop(running)
