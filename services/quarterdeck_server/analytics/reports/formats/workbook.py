"""Excel: numbers as numbers, dates as dates, the head in sight, what it is of on another sheet."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from quarterdeck_server.analytics.reports.sheet import Column, Kind, Sheet, Value

FORMS = {
    Kind.NUMBER: "0.000000",
    Kind.EXACT: "#,##0.########",
    Kind.WHOLE: "0",
    Kind.DATE: "yyyy-mm-dd",
    Kind.TIME: "yyyy-mm-dd hh:mm:ss.000",
}
WIDTHS = {Kind.TEXT: 24, Kind.TIME: 24}
WIDTH = 14
FACT_WIDTHS = 16, 110


def render(sheet: Sheet) -> bytes:
    """Write a table; the same one becomes the same bytes."""
    target = io.BytesIO()
    with Workbook(target, {"in_memory": True}) as book:
        book.set_properties({"title": sheet.name, "created": datetime(2000, 1, 1, tzinfo=UTC)})
        bold = book.add_format({"bold": True, "bottom": 1})
        table = book.add_worksheet(sheet.name)
        for place, column in enumerate(sheet.columns):
            _column(book, table, place, column, bold)
        table.freeze_panes(1, 0)
        last = len(sheet.columns[0].values)
        table.autofilter(0, 0, last, len(sheet.columns) - 1)
        _about(book.add_worksheet("about"), sheet, bold)
    return target.getvalue()


def _column(book: Workbook, table: Worksheet, place: int, column: Column, bold: Format) -> None:
    form = book.add_format({"num_format": FORMS[column.kind]}) if column.kind in FORMS else None
    table.set_column(place, place, WIDTHS.get(column.kind, WIDTH))
    table.write_string(0, place, column.name, bold)
    for row, value in enumerate(column.values, 1):
        _put(table, row, place, value, form)


def _put(table: Worksheet, row: int, place: int, value: Value, form: Format | None) -> None:
    """Write a value as what it is; a text is never taken for a formula or an address."""
    match value:
        case None:
            return
        case str():
            table.write_string(row, place, value, form)
        case bool():
            table.write_boolean(row, place, value, form)
        case datetime():
            # A spreadsheet knows no zones: its times are UTC.
            table.write_datetime(row, place, value.replace(tzinfo=None), form)
        case date():
            table.write_datetime(row, place, value, form)
        case Decimal() if Decimal(repr(float(value))) != value:
            # More digits than a number of a spreadsheet has: as a text none is lost.
            table.write_string(row, place, format(value, "f"))
        case _:
            table.write_number(row, place, float(value), form)


def _about(page: Worksheet, sheet: Sheet, bold: Format) -> None:
    page.set_column(0, 0, FACT_WIDTHS[0], bold)
    page.set_column(1, 1, FACT_WIDTHS[1])
    for row, fact in enumerate(sheet.about):
        page.write_string(row, 0, fact.name)
        page.write_string(row, 1, fact.value)
