"""From a request for a report to its file."""

import asyncio
import time
from collections.abc import Callable

import structlog

from quarterdeck_server.analytics import metrics
from quarterdeck_server.analytics.domain.studying import Looked
from quarterdeck_server.analytics.domain.subject import Asked, Portfolio
from quarterdeck_server.analytics.domain.windows import AGAINST, Statistic
from quarterdeck_server.analytics.measuring import Measurer
from quarterdeck_server.analytics.ports import FillSource
from quarterdeck_server.analytics.reports.about import Making
from quarterdeck_server.analytics.reports.file import File
from quarterdeck_server.analytics.reports.forms import Contents, Form
from quarterdeck_server.analytics.reports.tearsheet import STATISTICS
from quarterdeck_server.analytics.reports.writing import (
    WantedTable,
    WantedTearsheet,
    fills_file,
    study_file,
    tearsheet_file,
)
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.runtime.compute import Compute

log = structlog.get_logger()


class Reporter:
    """Makes reports, one after another.

    Each holds a processor, and what writes PDF is not made for several threads.
    """

    def __init__(
        self,
        measurer: Measurer,
        fills: FillSource,
        compute: Compute,
        making: Callable[[], Making],
    ) -> None:
        self._measurer, self._fills = measurer, fills
        self._compute, self._making = compute, making
        self._turn = asyncio.Lock()

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
        async with self._turn:
            made = await self._compute.thread(write)
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
