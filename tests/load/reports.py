"""Measure how long a report takes on the processor's clock: 8,312 days against a benchmark."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from tests.load.results import Figure, figure

from quarterdeck_server.analytics.domain.matching import matched
from quarterdeck_server.analytics.domain.studying import Looked, study
from quarterdeck_server.analytics.domain.subject import (
    Asked,
    Choices,
    Instrument,
    Named,
    Period,
    Portfolio,
)
from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.analytics.reports import html, pdf
from quarterdeck_server.analytics.reports.about import Making
from quarterdeck_server.analytics.reports.forms import Contents, TableForm
from quarterdeck_server.analytics.reports.tearsheet import STATISTICS, tearsheet
from quarterdeck_server.analytics.reports.writing import WantedTable, study_file
from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.quant.series import Dated

DAYS = 8_312
WINDOW = 126
SUBJECT = Named("subject", Portfolio("SIM-001", "momentum"))
INDEX = Named("benchmark", Instrument("SPY.ARCX"))
MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
MAKING = Making("bench", 0, DayRoll(ZoneInfo("UTC"), MIDNIGHT.time()))


def measure(samples: int) -> dict[str, Figure]:
    """Measure a tearsheet in both forms, and the days as a table in each."""
    draw = np.random.default_rng(3).normal(0.0004, 0.01, (2, DAYS))
    days = np.busday_offset(np.datetime64("1990-01-02", "D"), np.arange(DAYS), roll="forward")
    track, other = (Track.of_returns(Dated(days, values)) for values in draw)
    asked = Asked((SUBJECT,), Period(), INDEX, Choices())
    conventions, looked = asked.choices.conventions, Looked(STATISTICS, WINDOW)
    found = study(matched(track, other), conventions, None, None, looked)
    page = tearsheet(asked, found, MAKING)
    measures: dict[str, Callable[[], object]] = {
        "tearsheet_study_ms": lambda: study(matched(track, other), conventions, None, None, looked),
        "tearsheet_describe_ms": lambda: tearsheet(asked, found, MAKING),
        "tearsheet_html_ms": lambda: html.render(page),
        "tearsheet_pdf_ms": lambda: pdf.render(page, MIDNIGHT),
    }
    for form in TableForm:
        wanted = WantedTable(Contents.RETURNS, form, WINDOW)
        measures[f"table_{form.ending}_ms"] = lambda wanted=wanted: study_file(
            asked, found, MAKING, wanted
        )
    return {name: figure(taken(work, samples), "ms") for name, work in measures.items()}


def taken(work: Callable[[], object], samples: int) -> list[float]:
    """Return how long the work takes, once it is warm."""
    work()
    times = []
    for _ in range(samples):
        start = time.process_time()
        work()
        times.append((time.process_time() - start) * 1e3)
    return times
