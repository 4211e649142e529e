"""`quarterdeck up` as a user meets it: the whole suite as processes, from sign-in to recovery."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from quarterdeck_server.embedded.components import Component, PartState, read_components
from quarterdeck_server.embedded.orphans import find
from quarterdeck_server.embedded.state import StateDirectory

pytestmark = pytest.mark.system
COMMAND = [sys.executable, "-m", "quarterdeck_server.cli", "up"]
PATIENCE_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Deck:
    """A suite that runs, and what it said when it was ready."""

    process: subprocess.Popen[str]
    state: StateDirectory
    said: str

    @property
    def address(self) -> str:
        """Where the dashboard is."""
        found = re.search(r"Dashboard +(\S+)", self.said)
        assert found is not None, self.said
        return found[1]

    def component(self, name: str) -> Component:
        """Look a part up."""
        return next(c for c in read_components(self.state.components) if c.name == name)

    def post(self, path: str, body: object) -> tuple[int, dict[str, object]]:
        """Call the JSON edge."""
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(  # noqa: S310 (loopback)
            self.address + path, json.dumps(body).encode(), headers
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal)

    def sign_in(self, password: str | None = None) -> int:
        """Sign in as the administrator and return the status."""
        kept = (self.state.secrets / "admin_password").read_text()
        credential = {"principalId": "admin", "password": password or kept}
        return self.post("/v1/tokens:issue", {"password": credential})[0]


def wait_for(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def environment_of(state: StateDirectory) -> dict[str, str]:
    paths = os.pathsep.join(sys.path)
    return {**os.environ, "QUARTERDECK_DATA_DIR": str(state.path), "PYTHONPATH": paths}


@contextmanager
def deck(state: StateDirectory) -> Iterator[Deck]:
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(COMMAND, env=environment_of(state), **options) as process:
        try:
            yield Deck(process, state, "".join(until_ready(process.stdout)))
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE_SECONDS)


def until_ready(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if line.startswith("Ctrl-C"):
            return


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> StateDirectory:
    """A state directory that PostgreSQL's account can enter."""
    path = tmp_path_factory.mktemp("up")
    for folder in (path, path.parent, path.parent.parent):
        folder.chmod(0o755)
    return StateDirectory.at(path / "state")


@pytest.fixture(scope="module")
def first(state: StateDirectory) -> Iterator[Deck]:
    """The first start of a new installation."""
    with deck(state) as running:
        yield running


def test_the_password_that_the_first_start_shows_signs_in(first: Deck) -> None:
    shown = re.search(r"Sign in +admin / (\S+)", first.said)
    assert shown is not None, first.said
    assert first.sign_in(shown[1]) == 200


def test_another_password_does_not(first: Deck) -> None:
    assert first.sign_in("password") == 401


def test_a_second_call_says_where_the_first_one_is(first: Deck) -> None:
    second = subprocess.run(
        COMMAND, env=environment_of(first.state), capture_output=True, text=True, check=True
    )
    assert first.address in second.stdout
    assert str(first.process.pid) in second.stdout


@pytest.mark.parametrize("name", ["services", "stream", "envoy", "postgres", "valkey"])
def test_a_killed_part_comes_back_and_the_edge_answers_again(first: Deck, name: str) -> None:
    before = first.component(name)
    assert before.pid is not None
    os.kill(before.pid, signal.SIGKILL)
    wait_for(lambda: first.component(name).restarts > before.restarts)
    wait_for(lambda: first.component(name).state is PartState.RUNNING)
    wait_for(lambda: answers(first))


def answers(running: Deck) -> bool:
    try:
        return running.sign_in() == 200
    except (OSError, ValueError):
        return False


def test_a_killed_supervisor_leaves_nothing_and_the_next_start_recovers(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("recovery")
    path.chmod(0o755)
    state = StateDirectory.at(path / "state")
    with deck(state) as killed:
        killed.process.kill()
        killed.process.wait()
        wait_for(lambda: not find(state, os.getpid()))
    with deck(state) as recovered:
        assert recovered.address == killed.address
        assert "shown this once" not in recovered.said
        assert recovered.sign_in() == 200
    assert not find(state, os.getpid())


def test_lost_credentials_can_be_replaced(tmp_path: Path) -> None:
    state = StateDirectory.at(tmp_path / "state")
    command = [sys.executable, "-m", "quarterdeck_server.cli", "keys", "reset"]
    outputs = [
        subprocess.run(
            command, env=environment_of(state), capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert outputs[0] != outputs[1]
    assert (state.secrets / "admin_password").read_text() in outputs[1]
