"""From what is known about a subject to the file of a report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from quarterdeck_server.analytics.domain.fill import Fill
from quarterdeck_server.analytics.domain.studying import Study
from quarterdeck_server.analytics.domain.subject import Asked
from quarterdeck_server.analytics.reports import html, pdf, tables
from quarterdeck_server.analytics.reports.about import Making, about, about_fills, name_of
from quarterdeck_server.analytics.reports.fills import fills
from quarterdeck_server.analytics.reports.formats import document, workbook
from quarterdeck_server.analytics.reports.forms import Contents, TableForm, TearsheetForm
from quarterdeck_server.analytics.reports.naming import file
from quarterdeck_server.analytics.reports.sheet import Sheet
from quarterdeck_server.analytics.reports.tearsheet import tearsheet
from quarterdeck_server.kernel.file import File
from quarterdeck_server.kernel.table import Table
from quarterdeck_server.kernel.time import datetime_from_ns
from quarterdeck_server.runtime.files import csv_of, parquet_of

TABLES: dict[Contents, Callable[[Study], Table]] = {
    Contents.METRICS: tables.metrics,
    Contents.RETURNS: tables.returns,
    Contents.DRAWDOWNS: tables.drawdowns,
    Contents.MONTHLY_RETURNS: lambda study: tables.months(study.months),
    Contents.ROLLING: lambda study: tables.windows(study.windows),
}
FORMS: dict[TableForm, Callable[[Sheet], bytes]] = {
    TableForm.CSV: lambda sheet: csv_of(sheet.columns),
    TableForm.XLSX: workbook.render,
    TableForm.JSON: document.render,
    TableForm.PARQUET: lambda sheet: parquet_of(
        sheet.columns, {f"quarterdeck.{name}": value for name, value in sheet.facts.items()}
    ),
}


@dataclass(frozen=True, slots=True)
class WantedTearsheet:
    """A tearsheet as it is wanted; without a title it has the name of its subject."""

    form: TearsheetForm
    window: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class WantedTable:
    """A table as it is wanted."""

    contents: Contents
    form: TableForm
    window: int


def tearsheet_file(asked: Asked, study: Study, making: Making, wanted: WantedTearsheet) -> File:
    """Write a tearsheet."""
    described = tearsheet(asked, study, making, wanted.title)
    if wanted.form is TearsheetForm.HTML:
        content = html.render(described)
    else:
        content = pdf.render(described, datetime_from_ns(making.time_ns))
    return file(wanted.form, content, "tearsheet", name_of(asked.subjects[0]))


def study_file(asked: Asked, study: Study, making: Making, wanted: WantedTable) -> File:
    """Write a table of a study."""
    columns = TABLES[wanted.contents](study)
    return _file(asked, Sheet(wanted.contents.value, about(asked, study, making), columns), wanted)


def fills_file(asked: Asked, found: Sequence[Fill], making: Making, wanted: WantedTable) -> File:
    """Write a table of fills."""
    facts = about_fills(asked, making)
    return _file(asked, Sheet(wanted.contents.value, facts, fills(found)), wanted)


def _file(asked: Asked, sheet: Sheet, wanted: WantedTable) -> File:
    content = FORMS[wanted.form](sheet)
    return file(wanted.form, content, sheet.name, name_of(asked.subjects[0]))
