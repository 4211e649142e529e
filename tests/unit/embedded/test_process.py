"""Processes that are named for certain and end when they should."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from quarterdeck_server.embedded import child, orphans
from quarterdeck_server.embedded.errors import CommandFailed
from quarterdeck_server.embedded.part import Part
from quarterdeck_server.embedded.process import (
    Mark,
    exit_text,
    is_alive,
    mark_of,
    run,
    send,
    spawn,
    survivors,
)
from quarterdeck_server.embedded.state import StateDirectory

type Program = Callable[..., Part]

SHORT = timedelta(seconds=5)


async def holds(claim: Callable[[], bool]) -> bool:
    for _ in range(1000):
        if claim():
            return True
        await asyncio.sleep(0.01)
    return False


def own_mark() -> Mark:
    mark = mark_of(os.getpid())
    assert mark is not None
    return mark


def test_a_mark_with_another_birth_time_is_another_process() -> None:
    mark = own_mark()
    assert is_alive(mark)
    assert not is_alive(Mark(mark.pid, mark.born + 1, mark.boot))
    assert not is_alive(Mark(mark.pid, mark.born, "another boot"))


def test_a_signal_reaches_nobody_when_the_number_was_used_again() -> None:
    mark = own_mark()
    send(Mark(mark.pid, mark.born + 1, mark.boot), signal.SIGKILL)
    assert is_alive(mark)


def test_a_process_that_nobody_collected_counts_as_ended() -> None:
    """In a container without an init process such zombies stay for ever."""
    with subprocess.Popen(["/bin/true"]) as zombie:
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        assert mark_of(zombie.pid) is None


async def test_a_command_that_fails_says_how_and_why() -> None:
    script = "import sys; print('disk full'); sys.exit(3)"
    with pytest.raises(CommandFailed, match="ended with 3: disk full"):
        await run([sys.executable, "-c", script], {})


async def test_a_started_part_gets_its_environment_and_nothing_of_ours(
    program: Program, state: StateDirectory
) -> None:
    part = program("env", "import os; print(sorted(os.environ))", environment={"NAME": "1"})
    process = await spawn(part, state.path)
    await process.wait()
    names = part.log.read_text()
    assert "'NAME'" in names
    assert "'SUPERVISED_STATE'" in names
    assert "'PATH'" not in names


async def test_a_started_part_leads_a_session_of_its_own(
    program: Program, state: StateDirectory
) -> None:
    process = await spawn(program("sleeper"), state.path)
    assert os.getsid(process.pid) == process.pid
    process.kill()
    await process.wait()


async def test_parts_start_in_the_main_thread_only(program: Program, state: StateDirectory) -> None:
    """The kernel tells a child of the end of the thread that made it."""
    with pytest.raises(RuntimeError, match="main thread"):
        await asyncio.to_thread(asyncio.run, spawn(program("part"), state.path))


def test_a_child_whose_parent_is_already_gone_does_not_begin() -> None:
    argv = [sys.executable, child.__file__, "1", str(int(signal.SIGTERM)), "-1", "-1", "/bin/true"]
    assert subprocess.run(argv, check=False).returncode == child.PARENT_IS_GONE


async def test_a_sweep_ends_what_an_earlier_run_recorded(
    program: Program, state: StateDirectory
) -> None:
    part = program("sleeper")
    process = await spawn(part, state.path)
    orphans.record(state, part, process.pid)
    swept = await orphans.sweep(state, os.getpid(), SHORT)
    assert [orphan.name for orphan in swept] == ["sleeper"]
    assert await process.wait() == -signal.SIGTERM


async def test_a_sweep_finds_descendants_that_nobody_recorded(
    program: Program, state: StateDirectory
) -> None:
    process = await spawn(program("sleeper"), state.path)
    mark = mark_of(process.pid)
    assert mark is not None
    await orphans.sweep(state, os.getpid(), SHORT)
    assert not await survivors([mark], SHORT)
    await process.wait()


async def test_a_sweep_kills_what_does_not_listen(program: Program, state: StateDirectory) -> None:
    deaf = "import signal, time; signal.signal(15, 1); print('deaf', flush=True); time.sleep(600)"
    part = program("deaf", deaf)
    process = await spawn(part, state.path)
    assert await holds(lambda: "deaf" in part.log.read_text())
    await orphans.sweep(state, os.getpid(), timedelta(milliseconds=100))
    assert await process.wait() == -signal.SIGKILL


async def test_a_sweep_leaves_the_suite_of_another_directory_alone(
    program: Program, state: StateDirectory, tmp_path: Path
) -> None:
    process = await spawn(program("sleeper"), tmp_path / "other")
    assert await orphans.sweep(state, os.getpid(), SHORT) == []
    process.kill()
    await process.wait()


@pytest.mark.parametrize("text", ["", "{}", '{"mark": 1}', '{"mark": {}, "stop_signal": 99}'])
async def test_a_file_that_we_did_not_write_proves_nothing(
    state: StateDirectory, text: str
) -> None:
    (state.run / "part.pid").write_text(text)
    assert await orphans.sweep(state, os.getpid(), SHORT) == []


def test_an_ending_is_told_in_words() -> None:
    assert exit_text(2) == "exit 2"
    assert exit_text(-9) == "signal SIGKILL"
