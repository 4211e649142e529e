"""A state directory of its own for each test, and small real programs to supervise."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quarterdeck_server.embedded.part import Part
from quarterdeck_server.embedded.state import StateDirectory

type Program = Callable[..., Part]


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    """A fresh state directory."""
    return StateDirectory.at(tmp_path / "state")


@pytest.fixture
def program(state: StateDirectory) -> Program:
    """Make a part that runs a few lines of Python."""

    def make(name: str, source: str = "import time; time.sleep(600)", **options: Any) -> Part:
        argv = (sys.executable, "-I", "-S", "-c", source)
        return Part(name=name, argv=argv, log=state.log(name), **options)

    return make
