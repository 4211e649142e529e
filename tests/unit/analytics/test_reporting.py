"""Reports in their turns."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from tests.unit.analytics.reports.cases import MAKING, RETURNS, asked, studied

from quarterdeck_server.analytics import reporting
from quarterdeck_server.analytics.domain.studying import Study
from quarterdeck_server.analytics.reporting import Reporter
from quarterdeck_server.analytics.reports.forms import Contents, TableForm, TearsheetForm
from quarterdeck_server.analytics.reports.writing import WantedTable, WantedTearsheet
from quarterdeck_server.kernel.errors import Exhausted
from quarterdeck_server.kernel.file import File

TEARSHEET = WantedTearsheet(TearsheetForm.PDF, 63)
TABLE = WantedTable(Contents.RETURNS, TableForm.CSV, 63)


class Measurer:
    async def study(self, *_: object) -> Study:
        return studied(RETURNS[:2])


class Pen:
    """Writes nothing until it may, and knows how many write at once."""

    def __init__(self) -> None:
        self.began, self.may_end = threading.Semaphore(0), threading.Event()
        self.writing = self.most = 0

    def write(self, *_: object) -> File:
        self.writing += 1
        self.most = max(self.most, self.writing)
        self.began.release()
        assert self.may_end.wait(10)
        self.writing -= 1
        return File("a.pdf", "application/pdf", b"")


@pytest.fixture
def pen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pen]:
    made = Pen()
    monkeypatch.setattr(reporting, "tearsheet_file", made.write)
    yield made
    made.may_end.set()


@pytest.fixture
def reporter() -> Reporter:
    return Reporter(Measurer(), None, lambda: MAKING)  # type: ignore[arg-type]


async def test_who_leaves_lets_nobody_write_beside_what_is_being_written(
    pen: Pen, reporter: Reporter
) -> None:
    first = asyncio.create_task(reporter.tearsheet(asked(), TEARSHEET))
    assert await asyncio.to_thread(pen.began.acquire, timeout=10)
    first.cancel()
    with suppress(asyncio.CancelledError):
        await first
    second = asyncio.create_task(reporter.tearsheet(asked(), TEARSHEET))
    assert not await asyncio.to_thread(pen.began.acquire, timeout=0.05)
    pen.may_end.set()
    await second
    assert pen.most == 1


async def test_a_long_tearsheet_holds_no_table_up(pen: Pen, reporter: Reporter) -> None:
    first = asyncio.create_task(reporter.tearsheet(asked(), TEARSHEET))
    assert await asyncio.to_thread(pen.began.acquire, timeout=10)
    made = await reporter.table(asked(), TABLE)
    assert made.content.startswith(b"date,return")
    pen.may_end.set()
    await first


def test_nobody_waits_for_more_reports_than_memory_has_room_for(reporter: Reporter) -> None:
    with ExitStack() as waiting:
        for _ in range(16):
            waiting.enter_context(reporter.counted("principals/ada"))
        with (
            pytest.raises(Exhausted, match="waits for 16 reports"),
            reporter.counted("principals/ada"),
        ):
            pass
        with reporter.counted("principals/bob"):
            pass
    with reporter.counted("principals/ada"):
        pass
