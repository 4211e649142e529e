"""The life of parts: order, readiness, crashes, stop. The programs are small and real."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from quarterdeck_server.embedded.backoff import Backoff
from quarterdeck_server.embedded.components import Component, PartState, read_components
from quarterdeck_server.embedded.errors import CyclicParts, EmbeddedError, PartFailed
from quarterdeck_server.embedded.keeper import Pace
from quarterdeck_server.embedded.part import Part
from quarterdeck_server.embedded.process import mark_of, survivors
from quarterdeck_server.embedded.state import StateDirectory
from quarterdeck_server.embedded.supervisor import Supervisor, in_order

type Program = Callable[..., Part]

FAST = Pace(
    backoff=Backoff(first=timedelta(milliseconds=20), cap=timedelta(milliseconds=100)),
    ready_poll=timedelta(milliseconds=10),
    watch_poll=timedelta(milliseconds=50),
    silent_polls=2,
)


@asynccontextmanager
async def running(state: StateDirectory, *parts: Part) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(parts, state, lambda line: None, FAST)
    try:
        await supervisor.start()
        yield supervisor
    finally:
        await supervisor.stop()


async def eventually(
    supervisor: Supervisor, name: str, claim: Callable[[Component], bool]
) -> Component:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        component = next(c for c in supervisor.components() if c.name == name)
        if claim(component):
            return component
        await asyncio.sleep(0.01)
    raise TimeoutError(component)


async def never() -> bool:
    return False


def test_parts_start_after_those_they_need(program: Program) -> None:
    parts = [program("c", needs=("b",)), program("b", needs=("a",)), program("a")]
    assert [part.name for part in in_order(parts)] == ["a", "b", "c"]


def test_parts_that_wait_for_each_other_are_refused_by_name(program: Program) -> None:
    with pytest.raises(CyclicParts, match="a, b"):
        in_order([program("a", needs=("b",)), program("b", needs=("a",))])


def test_a_need_that_does_not_exist_is_refused_by_name(program: Program) -> None:
    with pytest.raises(CyclicParts, match="ghost"):
        in_order([program("a", needs=("ghost",))])


async def test_a_part_is_running_when_it_answers(state: StateDirectory, program: Program) -> None:
    answers = iter([False, False])

    async def ready() -> bool:
        return next(answers, True)

    async with running(state, program("a", ready=ready)) as supervisor:
        component = supervisor.components()[0]
    assert component.state is PartState.RUNNING
    assert component.pid is not None


async def test_a_killed_part_comes_back_and_the_crash_is_told(
    state: StateDirectory, program: Program
) -> None:
    async with running(state, program("a")) as supervisor:
        first = supervisor.components()[0].pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        again = await eventually(supervisor, "a", lambda c: c.restarts == 1 and c.pid is not None)
    assert again.pid != first
    assert again.last_exit == "signal SIGKILL"


async def test_a_part_that_stops_answering_is_started_again(
    state: StateDirectory, program: Program
) -> None:
    answers = iter([True])

    async def ready() -> bool:
        return next(answers, False)

    async with running(state, program("a", ready=ready)) as supervisor:
        again = await eventually(supervisor, "a", lambda c: c.restarts == 1)
    assert again.last_exit == "stopped answering"


async def test_an_essential_part_that_cannot_start_fails_the_start_with_its_words(
    state: StateDirectory, program: Program
) -> None:
    source = "import sys; print('no disk', flush=True); sys.exit(3)"
    with pytest.raises(PartFailed, match=r"a did not start: exit 3\nno disk"):
        async with running(state, program("a", source, ready=never)):
            pass
    assert read_components(state.components)[0].state is PartState.FAILED


async def test_a_part_that_is_never_ready_fails_the_start(
    state: StateDirectory, program: Program
) -> None:
    slow = program("a", ready=never, attempts=1, start_timeout=timedelta(milliseconds=50))
    with pytest.raises(PartFailed, match="not ready in time"):
        async with running(state, slow):
            pass


async def test_what_cannot_heal_fails_the_start_at_once(
    state: StateDirectory, program: Program
) -> None:
    async def prepare() -> None:
        raise EmbeddedError("files of another version")

    with pytest.raises(EmbeddedError, match="files of another version"):
        async with running(state, program("a", prepare=prepare)):
            pass


async def test_a_failed_start_stops_what_had_started(
    state: StateDirectory, program: Program
) -> None:
    fails = program("b", "1 / 0", needs=("a",), ready=never)
    with pytest.raises(PartFailed, match="ZeroDivisionError"):
        async with running(state, program("a"), fails):
            pass
    states = {c.name: c.state for c in read_components(state.components)}
    assert states == {"a": PartState.STOPPED, "b": PartState.FAILED}


async def test_an_optional_part_does_not_hold_up_the_others(
    state: StateDirectory, program: Program
) -> None:
    async with running(state, program("a", "1 / 0", essential=False)) as supervisor:
        await eventually(supervisor, "a", lambda c: c.restarts >= 4)


async def test_a_part_that_may_end_stays_ended_when_it_was_told_to(
    state: StateDirectory, program: Program
) -> None:
    told = program("a", "import time; time.sleep(0.3)", may_end=True)
    async with running(state, told) as supervisor:
        await eventually(supervisor, "a", lambda c: c.state is PartState.STOPPED)
        assert supervisor.components()[0].restarts == 0


async def test_a_part_that_may_end_is_started_again_after_a_crash(
    state: StateDirectory, program: Program
) -> None:
    async with running(
        state, program("a", "import time; time.sleep(0.3); 1 / 0", may_end=True)
    ) as s:
        await eventually(s, "a", lambda c: c.restarts >= 1)


async def test_a_part_that_runs_once_ends_before_those_that_need_it(
    state: StateDirectory, program: Program, tmp_path: Path
) -> None:
    file = tmp_path / "migrated"
    once = program("once", f"open({str(file)!r}, 'w')", runs_once=True)
    after = program("after", f"import time; open({str(file)!r}); time.sleep(9)", needs=("once",))
    async with running(state, once, after) as supervisor:
        assert [c.state for c in supervisor.components()] == [PartState.STOPPED, PartState.RUNNING]


async def test_stop_ends_the_needy_before_the_needed(
    state: StateDirectory, program: Program, tmp_path: Path
) -> None:
    order = tmp_path / "order"
    source = (
        "import signal, sys, time\n"
        "def stop(*_):\n"
        f"    open({str(order)!r}, 'a').write(NAME); sys.exit()\n"
        "signal.signal(15, stop); print('up', flush=True); time.sleep(600)"
    )

    def part(name: str, *needs: str) -> Part:
        async def ready() -> bool:
            return "up" in state.log(name).read_text()

        return program(name, f"NAME={name!r}\n{source}", needs=needs, ready=ready)

    async with running(state, part("a"), part("b", "a"), part("c", "b")):
        pass
    assert order.read_text() == "cba"


async def test_stop_ends_also_what_a_part_left_in_its_session(
    state: StateDirectory, program: Program, tmp_path: Path
) -> None:
    source = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid)); time.sleep(600)"
    )

    async def ready() -> bool:
        return (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text())

    async with running(state, program("a", source, ready=ready)):
        descendant = mark_of(int((tmp_path / "pid").read_text()))
        assert descendant is not None
    assert not await survivors([descendant], timedelta(seconds=5))


async def test_the_file_of_components_has_all_that_the_system_service_shows(
    state: StateDirectory, program: Program
) -> None:
    async with running(state, program("a")):
        row = json.loads(state.components.read_text())[0]
    assert row.keys() == {"name", "state", "pid", "restarts", "since", "last_exit", "log"}
    assert row["since"].endswith("Z")
    assert row["log"] == str(state.log("a"))


async def test_stopped_parts_leave_no_mark_of_a_process(
    state: StateDirectory, program: Program
) -> None:
    async with running(state, program("a")):
        assert list(state.run.glob("*.pid"))
    assert not list(state.run.glob("*.pid"))
