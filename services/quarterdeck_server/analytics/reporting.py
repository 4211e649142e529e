"""From a request for a report to its file."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import structlog

from quarterdeck_server.analytics import metrics
from quarterdeck_server.analytics.domain.studying import Looked
from quarterdeck_server.analytics.domain.subject import Asked, Portfolio
from quarterdeck_server.analytics.domain.windows import AGAINST, Statistic
from quarterdeck_server.analytics.measuring import Measurer
from quarterdeck_server.analytics.ports import FillSource
from quarterdeck_server.analytics.reports.about import Making
from quarterdeck_server.analytics.reports.forms import Contents, Form, TableForm, TearsheetForm
from quarterdeck_server.analytics.reports.tearsheet import STATISTICS
from quarterdeck_server.analytics.reports.writing import (
    WantedTable,
    WantedTearsheet,
    fills_file,
    study_file,
    tearsheet_file,
)
from quarterdeck_server.kernel.errors import Exhausted, InvalidField
from quarterdeck_server.kernel.file import File

MOST_AT_ONCE = 16
"""Each that waits for its turn holds the numbers that it is of."""

log = structlog.get_logger()


class Reporter:
    """Makes tearsheets one after another, and tables, so that a long one holds no tearsheet up.

    Each kind has one thread: what writes PDF is not made for several. A caller who leaves cannot
    stop what is being written, so the next one waits for its end; what has not begun is dropped.
    """

    def __init__(
        self,
        measurer: Measurer,
        fills: FillSource,
        making: Callable[[], Making],
    ) -> None:
        self._measurer, self._fills, self._making = measurer, fills, making
        self._turns = {
            kind: ThreadPoolExecutor(1, f"report-{kind.__name__}")
            for kind in (TearsheetForm, TableForm)
        }
        self._reading = asyncio.Lock()
        self._asked: Counter[str] = Counter()

    @contextmanager
    def counted(self, principal: str) -> Iterator[None]:
        """Count a report that a principal waits for. Raises Exhausted for one too many."""
        if self._asked[principal] >= MOST_AT_ONCE:
            metrics.REFUSED.inc()
            message = f"{principal} waits for {MOST_AT_ONCE} reports already"
            raise Exhausted("reports per principal", message, 1.0, limit=str(MOST_AT_ONCE))
        self._asked[principal] += 1
        try:
            yield
        finally:
            self._asked[principal] -= 1
            if not self._asked[principal]:
                del self._asked[principal]

    async def tearsheet(self, asked: Asked, wanted: WantedTearsheet) -> File:
        """Make the tearsheet of a subject."""
        study = await self._measurer.study(asked, Looked(STATISTICS, wanted.window))
        making = self._making()
        return await self._made(
            "tearsheet", wanted.form, lambda: tearsheet_file(asked, study, making, wanted)
        )

    async def table(self, asked: Asked, wanted: WantedTable) -> File:
        """Make a table about a subject."""
        name = wanted.contents.value
        if wanted.contents is Contents.FILLS:
            # They may fill a hundred megabytes, so only those of one table are in memory.
            async with self._reading:
                found = await self._fills.fills(_portfolio(asked), asked.period)
                making = self._making()
                return await self._made(
                    name, wanted.form, lambda: fills_file(asked, found, making, wanted)
                )
        study = await self._measurer.study(asked, _looked(asked, wanted))
        making = self._making()
        return await self._made(name, wanted.form, lambda: study_file(asked, study, making, wanted))

    async def _made(self, report: str, form: Form, write: Callable[[], File]) -> File:
        started = time.perf_counter()
        turn = self._turns[type(form)]
        made = await asyncio.get_running_loop().run_in_executor(turn, write)
        took, size = time.perf_counter() - started, len(made.content)
        metrics.RENDER.observe(took)
        metrics.RENDERED.labels(report, form.ending).inc()
        metrics.RENDERED_BYTES.inc(size)
        log.info(
            "report_rendered",
            report=report,
            form=form.ending,
            size_bytes=size,
            duration_s=round(took, 3),
        )
        return made


def _portfolio(asked: Asked) -> Portfolio:
    (named,) = asked.subjects
    if not isinstance(named.subject, Portfolio):
        raise InvalidField(named.field, "must be a portfolio, nothing else has fills")
    return named.subject


def _looked(asked: Asked, wanted: WantedTable) -> Looked:
    if wanted.contents is not Contents.ROLLING:
        return Looked((), wanted.window)
    left_out = AGAINST if asked.benchmark is None else frozenset[Statistic]()
    return Looked(tuple(one for one in Statistic if one not in left_out), wanted.window)
