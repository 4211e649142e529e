"""One verdict from what the supervisor tells and what a check finds."""

from dataclasses import replace

import pytest

from quarterdeck_server.system.domain.component import (
    Component,
    ComponentState,
    Finding,
    Observation,
    Part,
    components,
    differs,
    is_healthy,
)

PART = Part(name="stream", state="RUNNING", pid=7, restarts=2, since_ns=100, last_exit="exit 1")
WELL, ILL = Finding("", 1.5), Finding("it does not answer", 2000.0)


def look(
    part: Part | None,
    finding: Finding | None = None,
    before: Component | None = None,
    now_ns: int = 500,
) -> Component:
    parts = [part] if part else []
    findings = {"stream": finding} if finding else {}
    observation = Observation(parts, findings, {7: 1 << 20})
    return components(observation, {"stream": before} if before else {}, now_ns)["stream"]


def test_a_running_part_whose_check_succeeds_is_healthy() -> None:
    assert look(PART, WELL) == Component(
        id="stream",
        state=ComponentState.HEALTHY,
        failure="",
        since_ns=100,
        pid=7,
        restarts=2,
        memory_bytes=1 << 20,
        check_ms=1.5,
    )


@pytest.mark.parametrize(
    ("state", "finding", "verdict", "failure"),
    [
        ("RUNNING", None, ComponentState.HEALTHY, ""),
        ("RUNNING", ILL, ComponentState.UNHEALTHY, "it does not answer"),
        ("STARTING", ILL, ComponentState.STARTING, ""),
        ("BACKOFF", ILL, ComponentState.BACKOFF, "exit 1"),
        ("FAILED", ILL, ComponentState.STOPPED, "exit 1"),
        ("STOPPED", WELL, ComponentState.STOPPED, "exit 1"),
    ],
)
def test_the_supervisor_knows_best_and_checks_add_to_running(
    state: str, finding: Finding | None, verdict: ComponentState, failure: str
) -> None:
    seen = look(replace(PART, state=state), finding)
    assert (seen.state, seen.failure) == (verdict, failure)


def test_a_part_that_did_its_work_and_ended_is_well() -> None:
    done = look(replace(PART, state="STOPPED", pid=None, last_exit="exit 0"))
    assert done.state is ComponentState.STOPPED
    assert done.is_well


def test_a_part_that_was_stopped_otherwise_is_not_well() -> None:
    assert not look(replace(PART, state="STOPPED", last_exit=None)).is_well


def test_what_the_deck_does_not_run_is_known_by_its_check_alone() -> None:
    seen = look(None, ILL)
    assert (seen.state, seen.pid) == (ComponentState.UNHEALTHY, None)


def test_a_state_lasts_until_it_changes() -> None:
    well = look(PART, WELL)
    ill = look(PART, ILL, well, now_ns=600)
    still = look(PART, ILL, ill, now_ns=700)
    again = look(PART, WELL, still, now_ns=800)
    assert [one.since_ns for one in (well, ill, still, again)] == [100, 600, 600, 800]


def test_a_restart_between_two_looks_is_seen() -> None:
    before = look(PART, WELL)
    assert look(replace(PART, since_ns=450), WELL, before).since_ns == 450


def test_the_deck_is_healthy_when_all_of_it_is_and_there_is_something() -> None:
    well, ill = look(PART, WELL), look(PART, ILL)
    assert is_healthy([well])
    assert not is_healthy([well, ill])
    assert not is_healthy([])


def test_a_reader_hears_of_changes_and_not_of_a_little_memory() -> None:
    seen = look(PART, WELL)
    assert differs(seen, None)
    assert not differs(replace(seen, check_ms=9.0, memory_bytes=(1 << 20) + 5), seen)
    assert differs(replace(seen, memory_bytes=3 << 20), seen)
    assert differs(replace(seen, memory_bytes=None), seen)
    assert differs(replace(seen, restarts=3), seen)
