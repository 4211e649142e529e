"""How the system area finds out: the supervisor's file, the kernel, checks, metrics pages."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest

from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.system.checks import bus_check, find_all
from quarterdeck_server.system.measuring import RegistrySource, ScrapedSource, read_all
from quarterdeck_server.system.memory import proportional_memory
from quarterdeck_server.system.monitor import Monitor, Senses
from quarterdeck_server.system.ports import CheckFailed
from quarterdeck_server.system.supervisor import SupervisorFile, nobody

ROW = {
    "name": "stream",
    "state": "RUNNING",
    "pid": 7,
    "restarts": 1,
    "since": "2026-01-02T03:04:05.678Z",
    "last_exit": None,
    "log": "stream.log",
}


def test_the_supervisors_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "components.json"
    file.write_text(json.dumps([ROW]))
    (part,) = SupervisorFile(file)()
    assert (part.name, part.pid, part.since_ns % 10**9) == ("stream", 7, 678_000_000)


def test_before_the_supervisor_wrote_there_are_no_parts(tmp_path: Path) -> None:
    assert SupervisorFile(tmp_path / "components.json")() == []


async def test_a_file_that_cannot_be_read_leaves_what_was_known(tmp_path: Path) -> None:
    file = tmp_path / "components.json"
    file.write_text(json.dumps([ROW]))
    senses = Senses(SupervisorFile(file), {}, lambda _: {})
    monitor = Monitor(senses, Compute(), SystemClock())
    await monitor.look()
    file.write_text("[{")
    await monitor.look()
    assert [component.id for component in monitor.components] == ["stream"]


def test_memory_of_a_process_includes_its_descendants(tmp_path: Path) -> None:
    for pid, parent, pss in ((10, 1, 100), (11, 10, 20), (12, 11, 3), (13, 1, 999)):
        folder = tmp_path / str(pid)
        folder.mkdir()
        (folder / "stat").write_text(f"{pid} (a (odd) name) S {parent} 0")
        (folder / "smaps_rollup").write_text(f"00-ff ---p [rollup]\nRss: 5 kB\nPss: {pss} kB\n")
    assert proportional_memory([10, 404], tmp_path) == {10: 123 * 1024}


def test_our_own_memory_can_be_measured() -> None:
    assert proportional_memory([os.getpid()])[os.getpid()] > 1 << 20


async def test_a_check_tells_why_it_failed_and_how_long_it_took() -> None:
    async def failing() -> None:
        raise CheckFailed("it is away")

    findings = await find_all({"bus": bus_check(LocalBus()), "other": failing})
    assert findings["bus"].failure == ""
    assert findings["other"].failure == "it is away"
    assert findings["bus"].check_ms >= 0


async def test_a_bus_that_is_away_fails_its_check() -> None:
    class Away(LocalBus):
        async def ping(self) -> None:
            raise Unavailable("the bus does not answer")

    findings = await find_all({"bus": bus_check(Away())})
    assert findings["bus"].failure == "the bus does not answer"


async def test_a_check_that_hangs_fails_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterdeck_server.system.checks.PATIENCE_S", 0.05)

    async def hanging() -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(5):
        findings = await find_all({"one": hanging})
    assert "did not answer" in findings["one"].failure


async def test_watchers_hear_everything_and_then_the_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("quarterdeck_server.system.monitor.ROUND_S", 0.01)
    failure = ""

    async def check() -> None:
        if failure:
            raise CheckFailed(failure)

    senses = Senses(nobody, {"one": check, "two": bus_check(LocalBus())}, lambda _: {})
    monitor = Monitor(senses, Compute(), SystemClock())
    await monitor.look()
    task = asyncio.create_task(monitor.look_forever())
    async with asyncio.timeout(5):
        watch = monitor.watch()
        assert [one.id for one in await anext(watch)] == ["one", "two"]
        failure = "broken"
        assert [(one.id, one.failure) for one in await anext(watch)] == [("one", "broken")]
    task.cancel()


async def test_watchers_hear_a_heartbeat_when_nothing_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("quarterdeck_server.system.monitor.ROUND_S", 0.01)
    monkeypatch.setattr("quarterdeck_server.system.monitor.HEARTBEAT_S", 0.05)
    senses = Senses(nobody, {"bus": bus_check(LocalBus())}, lambda _: {})
    monitor = Monitor(senses, Compute(), SystemClock())
    await monitor.look()
    task = asyncio.create_task(monitor.look_forever())
    async with asyncio.timeout(5):
        watch = monitor.watch()
        assert [len(await anext(watch)) for _ in range(3)] == [1, 0, 0]
    task.cancel()


def registry() -> CollectorRegistry:
    made = CollectorRegistry()
    Counter("deck_calls", "Calls.", ["code"], registry=made).labels("OK").inc(3)
    return made


async def page(status: str, body: bytes) -> asyncio.Server:
    """Serve one page on a free port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.0 {status}\r\n\r\n".encode() + body)
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


def address(server: asyncio.Server) -> str:
    return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_every_process_is_measured_under_its_name() -> None:
    async with await page("200 OK", generate_latest(registry())) as server:
        here = RegistrySource("services", registry(), Compute())
        there = ScrapedSource("stream", address(server), Compute())
        found = await read_all([here, there], "deck_calls_total")
    assert [(one.labels, one.value) for one in found] == [
        ({"code": "OK", "process": "services"}, 3.0),
        ({"code": "OK", "process": "stream"}, 3.0),
    ]


@pytest.mark.parametrize(
    ("status", "body"), [("500 Oops", b""), ("200 OK", b"{ not metrics"), ("200 OK", b"\xff")]
)
async def test_a_process_that_cannot_be_measured_is_down(status: str, body: bytes) -> None:
    async with await page(status, body) as server:
        found = await ScrapedSource("stream", address(server), Compute()).read("")
    assert [(one.metric, one.value) for one in found] == [("up", 0.0)]


async def test_a_process_that_is_away_is_down() -> None:
    async with await page("200 OK", b"") as server:
        gone = address(server)
    found = await ScrapedSource("stream", gone, Compute()).read("")
    assert [(one.metric, one.value) for one in found] == [("up", 0.0)]
