"""A whole suite as a user starts it: `quarterdeck up` in a folder of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.examples import RPCS
from tests.protocols import Fields, Grpc

from quarterdeck import AsyncClient
from quarterdeck_server.embedded.components import Component, PartState, read_components
from quarterdeck_server.embedded.state import StateDirectory

COMMAND = (sys.executable, "-m", "quarterdeck_server.cli", "up")
START_S = 120
PATIENCE_S = 60
PARTS = ("postgres", "valkey", "services", "stream", "envoy", "node")
REPLAY = "sources/replay"
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Deck:
    """A running suite: its process, its folder and its address."""

    process: subprocess.Popen[bytes]
    folder: Path
    address: str
    said: str
    """What the user was told until everything was ready."""
    settings: Mapping[str, str]
    """What it was started with beside what every suite of a test is."""

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def password(self) -> str:
        """What the first start made for the administrator."""
        return (self.folder / "secrets" / "admin_password").read_text()

    def component(self, name: str) -> Component:
        """What the supervisor says of a part."""
        found = read_components(StateDirectory.at(self.folder).components)
        return next(one for one in found if one.name == name)

    def token(self) -> str:
        """A fresh access token of the administrator."""
        credential: Fields = {"password": {"principalId": "admin", "password": self.password}}
        return self.call("TokenService/IssueToken", credential, "")["tokens"]["accessToken"]

    def call(self, name: str, fields: Fields, token: str | None = None) -> Fields:
        """Call an rpc through the edge as the administrator."""
        return Grpc(self.address).call(RPCS[name], fields, self.token() if token is None else token)

    def kill(self, *names: str) -> None:
        """Kill parts at once and wait until other processes took their places."""
        killed = [self.component(name) for name in names]
        for one in killed:
            assert one.pid
            os.kill(one.pid, signal.SIGKILL)
        for one in killed:
            wait_for(lambda one=one: self.component(one.name).restarts > one.restarts)
            wait_for(lambda one=one: self.component(one.name).state is PartState.RUNNING)


def client_of(deck: Deck) -> AsyncClient:
    """Connect with the SDK as the administrator."""
    return AsyncClient(deck.address, password=("admin", deck.password))


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


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """What a suite in a folder is started with: a replay fast enough to trade in a test."""
    return {
        **os.environ,
        **settings,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "QUARTERDECK_DATA_DIR": str(folder),
        "QUARTERDECK_MARKETDATA__REPLAY__SECONDS_PER_DAY": "1",
    }


def start(folder: Path, settings: Mapping[str, str] = NOTHING) -> Deck:
    """Start a suite and wait until it says where it answers."""
    file = folder.with_suffix(".log")
    with file.open("ab") as log:
        seen = log.tell()
        process = subprocess.Popen(
            COMMAND, stdout=log, stderr=log, env=environment(folder, settings)
        )

    def said() -> str:
        return file.read_text()[seen:]

    def is_ready() -> bool:
        return "Ctrl-C stops everything" in said() or process.poll() is not None

    wait_for(is_ready, START_S)
    address = re.search(r"Dashboard +http://(\S+)", said())
    assert address, said()
    return Deck(process, folder, address[1], said(), settings)


def stop(deck: Deck) -> None:
    """Stop a suite as Ctrl-C does, unless it has ended."""
    deck.process.send_signal(signal.SIGINT)
    deck.process.wait(PATIENCE_S)
