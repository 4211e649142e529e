"""Excel: numbers as numbers, dates as dates, the head in sight, what it is of on another sheet."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from quarterdeck_server.analytics.reports.sheet import Sheet
from quarterdeck_server.kernel.table import Column, Kind, Value
from quarterdeck_server.kernel.time import datetime_from_ns

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
FIRST_YEAR = 1900
"""A spreadsheet shows no date of before; such a one is a text."""


def render(sheet: Sheet) -> bytes:
    """Write a table; the same one becomes the same bytes."""
    target = io.BytesIO()
    # Rows leave memory as they are written: millions of cells would take a gigabyte of it.
    with Workbook(target, {"constant_memory": True}) as book:
        book.set_properties({"title": sheet.name, "created": datetime(2000, 1, 1, tzinfo=UTC)})
        bold = book.add_format({"bold": True, "bottom": 1})
        table = book.add_worksheet(sheet.name)
        forms = [_column(book, table, place, one) for place, one in enumerate(sheet.columns)]
        table.freeze_panes(1, 0)
        table.autofilter(0, 0, len(sheet.columns[0].values), len(sheet.columns) - 1)
        table.write_row(0, 0, sheet.names, bold)
        for down, row in enumerate(sheet.rows(datetime_from_ns), 1):
            for across, (value, form) in enumerate(zip(row, forms, strict=True)):
                _put(table, down, across, value, form)
        _about(book.add_worksheet("about"), sheet, bold)
    return target.getvalue()


def _column(book: Workbook, table: Worksheet, place: int, column: Column) -> Format | None:
    """Set how wide a column is, and return how its values are shown."""
    table.set_column(place, place, WIDTHS.get(column.kind, WIDTH))
    return book.add_format({"num_format": FORMS[column.kind]}) if column.kind in FORMS else None


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
        case date() if value.year < FIRST_YEAR:
            table.write_string(row, place, value.isoformat())
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
