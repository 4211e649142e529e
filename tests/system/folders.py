"""Folders for whole suites."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

type Folders = Callable[[], contextlib.AbstractContextManager[Path]]


def folders_of(session: pytest.Session) -> Folders:
    """Make folders for suites; one stays when a test failed, because the logs are in it.

    Not below pytest's own, which every other run of pytest closes again to PostgreSQL's account;
    short, since a unix socket's path has at most 107 bytes.
    """

    @contextlib.contextmanager
    def folder() -> Iterator[Path]:
        failed = session.testsfailed
        made = Path(tempfile.mkdtemp(prefix="quarterdeck-"))
        made.chmod(0o755)
        yield made
        if session.testsfailed == failed:
            shutil.rmtree(made)

    return folder
