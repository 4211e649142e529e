"""What `quarterdeck doctor` says."""

from pathlib import Path

from quarterdeck_server.embedded.doctor import (
    Finding,
    disk,
    examine,
    exit_code,
    operating_system,
    program,
    python,
    report,
)

LACKING = Finding("web", ok=False, detail="absent", remedy="make it")


async def test_this_machine_runs_the_programs_of_the_wheels(tmp_path: Path) -> None:
    findings = await examine(tmp_path, (python, operating_system, disk))
    assert exit_code(findings) == 0


async def test_a_program_that_does_not_execute_is_missing(tmp_path: Path) -> None:
    finding = await program("envoy", lambda: Path("/bin/false"))(tmp_path)
    assert not finding.ok
    assert "ended with 1" in finding.detail


async def test_the_disk_of_a_folder_that_does_not_exist_yet_is_looked_at(tmp_path: Path) -> None:
    assert str(tmp_path) in (await disk(tmp_path / "not" / "yet")).detail


def test_what_is_missing_is_followed_by_its_remedy() -> None:
    lines = report([Finding("python", ok=True, detail="3.13"), LACKING])
    assert [line.split()[0] for line in lines] == ["ok", "missing", "for"]
    assert lines[-1].endswith("make it")


def test_only_what_running_needs_makes_the_exit_code() -> None:
    optional = Finding("browser", ok=False, detail="", needed_for="the browser tests")
    assert exit_code([optional]) == 0
    assert exit_code([optional, LACKING]) == 1
