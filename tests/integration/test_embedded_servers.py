"""The servers that `up` brings: real PostgreSQL, Valkey and Envoy under the real supervisor.

The supervisor runs as a process of its own, so that it can be killed too.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import redis
from tests.memory import quick_folder

from quarterdeck_server.embedded.components import Component, PartState, read_components
from quarterdeck_server.embedded.postgres.data import servers_on
from quarterdeck_server.embedded.process import STATE_MARK
from quarterdeck_server.embedded.state import StateDirectory

PROGRAM = Path(__file__).with_name("embedded_program.py")
PATIENCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Suite:
    """A supervisor that runs, and the addresses it told."""

    process: subprocess.Popen[str]
    state: StateDirectory
    dsn: str
    url: str
    node_url: str

    def component(self, name: str) -> Component:
        """Look a part up."""
        return next(c for c in read_components(self.state.components) if c.name == name)

    def crash(self, name: str) -> Component:
        """Kill a part and wait until it is back."""
        before = self.component(name)
        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)
        wait_for(lambda: self.component(name).restarts > before.restarts)
        wait_for(lambda: self.component(name).state is PartState.RUNNING)
        return self.component(name)


def wait_for(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def launch(state: StateDirectory) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, str(PROGRAM), str(state.path)]
    return subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )


def ready_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        if line.startswith("ready "):
            return line
        lines.append(line)
    raise AssertionError("".join(lines))


@contextmanager
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["/bin/sleep", "600"]) as process:
        yield process
        process.kill()


@contextmanager
def suite(state: StateDirectory) -> Iterator[Suite]:
    with launch(state) as process:
        try:
            _, dsn, url, node_url = ready_line(process).split()
            yield Suite(process, state, dsn, url, node_url)
        finally:
            process.send_signal(signal.SIGINT)


@asynccontextmanager
async def database(running: Suite) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(running.dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def store(running: Suite, number: int) -> None:
    async with database(running) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS fact (number int PRIMARY KEY)")
        await connection.execute("INSERT INTO fact VALUES ($1)", number)
    with redis.from_url(running.url) as client:
        client.rpush("facts", number)


async def stored(running: Suite) -> tuple[list[int], list[int]]:
    async with database(running) as connection:
        rows = [row["number"] for row in await connection.fetch("SELECT * FROM fact ORDER BY 1")]
    with redis.from_url(running.url) as client:
        return rows, [int(value) for value in client.lrange("facts", 0, -1)]


def processes_of(state: StateDirectory) -> list[str]:
    """List every living process of a state directory, whoever started it."""
    wanted = f"{STATE_MARK}={state.path}".encode()
    found = [f"postgres {mark.pid}" for mark in servers_on(state.path / "postgres" / "data")]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(folder.name)
        except OSError:
            continue
    return found


@pytest.fixture
def fresh() -> Iterator[StateDirectory]:
    """A state directory that PostgreSQL's account can enter, free of processes at the end."""
    with quick_folder("suite-") as folder:
        yield (directory := StateDirectory.at(folder / "state"))
        wait_for(lambda: not processes_of(directory))


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A state directory after its first start, which takes longer than all later ones."""
    with quick_folder("made-") as folder:
        with suite(StateDirectory.at(folder / "state")):
            pass
        yield folder / "state"


@pytest.fixture
def state(fresh: StateDirectory, made: Path) -> StateDirectory:
    """A copy of that directory, with its owners."""
    subprocess.run(["cp", "-a", f"{made}/.", fresh.path], check=True, timeout=PATIENCE_SECONDS)
    return fresh


async def test_data_survive_a_restart(fresh: StateDirectory) -> None:
    with suite(fresh) as first:
        await store(first, 1)
    with suite(fresh) as second:
        assert await stored(second) == ([1], [1])
        assert second.url == first.url


async def test_a_killed_postgres_comes_back_with_all_that_it_acknowledged(
    state: StateDirectory,
) -> None:
    with suite(state) as running:
        for number in range(3):
            await store(running, number)
            assert running.crash("postgres").last_exit == "signal SIGKILL"
        assert (await stored(running))[0] == [0, 1, 2]
        assert running.component("valkey").restarts == 0


async def test_a_killed_valkey_comes_back_with_its_data_at_the_same_address(
    state: StateDirectory,
) -> None:
    with suite(state) as running:
        await store(running, 1)
        running.crash("valkey")
        assert (await stored(running))[1] == [1]


async def test_a_killed_supervisor_leaves_nothing_running_and_the_next_recovers(
    state: StateDirectory,
) -> None:
    with suite(state) as first:
        await store(first, 1)
        first.process.kill()
        first.process.wait()
        wait_for(lambda: not processes_of(state))
    with suite(state) as second:
        assert await stored(second) == ([1], [1])


async def test_a_start_right_after_a_kill_recovers_too(state: StateDirectory) -> None:
    """The parts of the killed supervisor may still be ending."""
    with suite(state) as first:
        await store(first, 1)
        first.process.kill()
        first.process.wait()
        with suite(state) as second:
            assert await stored(second) == ([1], [1])


def test_an_interrupt_stops_every_part(state: StateDirectory) -> None:
    with suite(state) as running:
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(PATIENCE_SECONDS) == 0
        assert not processes_of(state)
        assert {c.state for c in read_components(state.components)} == {PartState.STOPPED}


def test_a_second_start_on_a_directory_is_refused_and_the_first_goes_on(
    state: StateDirectory,
) -> None:
    with suite(state) as running:
        with launch(state) as second:
            output, _ = second.communicate(timeout=PATIENCE_SECONDS)
        assert second.returncode != 0
        assert f"already runs on {state.path} (process {running.process.pid})" in output
        assert running.component("postgres").state is PartState.RUNNING


async def test_a_process_that_got_the_number_of_a_dead_server_is_left_alone(
    state: StateDirectory,
) -> None:
    """PostgreSQL's own tools would take it for the server, and stop it."""
    with bystander() as innocent:
        pid_file = state.path / "postgres" / "data" / "postmaster.pid"
        pid_file.write_text(f"{innocent.pid}\n")
        with suite(state) as running:
            async with database(running) as connection:
                assert await connection.fetchval("SELECT 1") == 1
        assert innocent.poll() is None


async def test_a_start_that_was_killed_while_it_made_the_database_is_repeated(
    fresh: StateDirectory,
) -> None:
    draft = fresh.path / "postgres" / "data.draft"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    with suite(fresh) as running:
        await store(running, 1)


def test_data_of_another_major_version_are_refused_untouched(state: StateDirectory) -> None:
    version = state.path / "postgres" / "data" / "PG_VERSION"
    version.write_text("17\n")
    with launch(state) as process:
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert "holds PostgreSQL 17 files and the installed server is 18" in output
    assert version.read_text() == "17\n"


def test_the_password_of_valkey_is_on_no_command_line(state: StateDirectory) -> None:
    with suite(state) as running:
        password = (state.secrets / "valkey_password").read_text()
        pid = running.component("valkey").pid
        assert password.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        wrong = redis.from_url(running.url.replace(password, "wrong"))
        with wrong as client, pytest.raises(redis.AuthenticationError):
            client.ping()


def test_a_node_reaches_its_cache_and_not_the_bus(state: StateDirectory) -> None:
    with suite(state) as running, redis.from_url(running.node_url) as node:
        node.rpush("trader-DEMO-001:orders:1", "order")
        assert node.lrange("trader-DEMO-001:orders:1", 0, -1) == [b"order"]
        for attempt in (
            lambda: node.xadd("quarterdeck:bus", {"event": "forged"}),
            lambda: node.publish("anything", "x"),
            lambda: node.config_get("*"),
            node.flushall,
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                attempt()


def test_a_crash_is_shown_while_it_is_repaired(state: StateDirectory) -> None:
    with suite(state) as running:
        running.crash("valkey")
        row = next(r for r in json.loads(state.components.read_text()) if r["name"] == "valkey")
    assert row["restarts"] == 1
    assert row["last_exit"] == "signal SIGKILL"
