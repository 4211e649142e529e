"""The whole suite as a user starts it: `quarterdeck up` in a folder of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.examples import RPCS
from tests.protocols import Fields, Grpc

START_S = 120
PATIENCE_S = 60
REPLAY = {"name": "sources/replay"}


@dataclass(slots=True)
class Suite:
    """A running suite: its address, its folder, and how to sign in."""

    process: subprocess.Popen[str]
    folder: Path
    address: str
    password: str
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def components(self) -> dict[str, Fields]:
        """What the supervisor says of each part."""
        found = json.loads((self.folder / "components.json").read_text())
        listed = found if isinstance(found, list) else found["components"]
        return {one["name"]: one for one in listed}

    def pid(self, name: str) -> int:
        return int(str(self.components()[name]["pid"]))

    def token(self) -> str:
        """A fresh access token of the administrator."""
        credential: Fields = {"password": {"principalId": "admin", "password": self.password}}
        return self.call("TokenService/IssueToken", credential, "")["tokens"]["accessToken"]

    def call(self, name: str, fields: Fields, token: str | None = None) -> Fields:
        """Call an rpc through the edge as the administrator."""
        return Grpc(self.address).call(RPCS[name], fields, self.token() if token is None else token)

    def kill(self, name: str) -> None:
        """Kill a part and wait until another process took its place."""
        before = self.pid(name)
        os.kill(before, signal.SIGKILL)
        wait_for(lambda: self.components()[name]["pid"] not in {None, before})
        wait_for(lambda: self.components()[name]["state"] == "RUNNING")


def wait_for(claim: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until a claim holds; what raises does not hold yet."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            if claim():
                return
        except Exception:
            if time.monotonic() > deadline:
                raise
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)


def start(folder: Path) -> Suite:
    """Start a suite and wait for what it prints."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "QUARTERDECK_DATA_DIR": str(folder),
        "QUARTERDECK_MARKETDATA__REPLAY__SECONDS_PER_DAY": "2",
    }
    log = (folder.parent / f"{folder.name}.log").open("a+")
    process = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck_server.cli", "up"],
        stdout=log,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    text = ""

    def printed() -> bool:
        nonlocal text
        log.seek(0)
        text = log.read()
        assert process.poll() is None, text
        return "Ctrl-C stops everything" in text.rpartition("Quarterdeck starts")[2]

    wait_for(printed, START_S)
    latest = text.rpartition("Quarterdeck starts")[2]
    address = re.search(r"http://(\S+)", latest)
    password = re.search(r"Sign in\s+admin / (\S+)", text)
    assert address
    assert password
    return Suite(process, folder, address[1], password[1])


def stop(suite: Suite) -> None:
    """Stop a suite as Ctrl-C does."""
    suite.process.send_signal(signal.SIGINT)
    suite.process.wait(PATIENCE_S)


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """One suite for all tests that leave it running."""
    folder = tmp_path_factory.mktemp("suite")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    running = start(folder / "d")
    yield running
    stop(running)


@pytest.fixture
def playing(suite: Suite) -> Suite:
    """The suite with its replay running, whatever the test before did to it."""
    suite.call("SourceService/StartSource", dict(REPLAY))
    return suite
