"""A document as pages of A4."""

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
)
from reportlab.platypus import Table as Grid

from quarterdeck_server.analytics.reports import palette
from quarterdeck_server.analytics.reports.chart import WIDTH
from quarterdeck_server.analytics.reports.drawing import Drawing
from quarterdeck_server.analytics.reports.fonts import BOLD, PLAIN, letters, written
from quarterdeck_server.analytics.reports.page import (
    Align,
    Block,
    Document,
    Fact,
    Figures,
    Row,
    Section,
    Table,
    Text,
)
from quarterdeck_server.analytics.reports.picture import Picture

MARGIN = (A4[0] - WIDTH) / 2
INSET = 6
"""What a frame of reportlab leaves free within its margins."""
FOOT = 24.0
IN_A_ROW = 4
"""How many key figures stand side by side."""
NARROW = 0.1
"""Columns with a smaller part of the width hold numbers alone, which need no wrapping."""

type Command = tuple[str, tuple[int, int], tuple[int, int], *tuple[Any, ...]]


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:
    leading = round(size * 1.25, 1)
    kept: dict[str, Any] = {"fontName": PLAIN, "textColor": HexColor(palette.INK), **more}
    return ParagraphStyle(name, fontSize=size, leading=leading, **kept)


MUTED = HexColor(palette.MUTED)
RULE = HexColor(palette.RULE)
TITLE = _style("title", 17, fontName=BOLD)
LONG_TITLE = _style("long-title", 11, fontName=BOLD)
LONG = 60
"""A title with more letters is smaller, so that the page still holds what belongs on it."""
SUBTITLE = _style("subtitle", 9.5, textColor=MUTED, spaceAfter=6)
HEADING = _style("heading", 11, fontName=BOLD, spaceBefore=8, spaceAfter=4, keepWithNext=1)
CAPTION = _style("caption", 8.5, fontName=BOLD, spaceBefore=4, spaceAfter=2)
NOTE = _style("note", 7, textColor=MUTED, spaceBefore=2, spaceAfter=4)
NAME = _style("name", 7, textColor=MUTED)
PLAIN_TEXT = _style("text", 7.5)
FIGURE = _style("figure", 9.5, fontName=BOLD)
CELL = _style("cell", 7)
NUMBER = _style("number", 7, alignment=TA_RIGHT)


def render(document: Document, made: datetime) -> bytes:
    """Write a document; the same one at the same time becomes the same bytes."""
    letters()
    target = io.BytesIO()
    template = SimpleDocTemplate(
        target,
        pagesize=A4,
        leftMargin=MARGIN - INSET,
        rightMargin=MARGIN - INSET,
        topMargin=MARGIN - INSET,
        bottomMargin=MARGIN,
        title=document.title,
        author="Quarterdeck",
        subject=document.subtitle,
        lang="en",
        invariant=1,
    )

    def furnish(canvas: Canvas, _template: SimpleDocTemplate) -> None:
        canvas.setDateFormatter(lambda *_: f"D:{made:%Y%m%d%H%M%S}+00'00'")
        _foot(canvas, document)

    template.build(list(_story(document)), onFirstPage=furnish, onLaterPages=furnish)
    return target.getvalue()


def _foot(canvas: Canvas, document: Document) -> None:
    canvas.setFont(PLAIN, 6.5)
    canvas.setFillColor(MUTED)
    canvas.drawString(MARGIN, FOOT, written(document.footer))
    canvas.drawRightString(A4[0] - MARGIN, FOOT, f"Page {canvas.getPageNumber()}")


def _story(document: Document) -> Iterator[Flowable]:
    yield _paragraph(document.title, TITLE if len(document.title) <= LONG else LONG_TITLE)
    yield _paragraph(document.subtitle, SUBTITLE)
    yield _about(document.about)
    for section in document.sections:
        yield from _section(section)


def _section(section: Section) -> Iterator[Flowable]:
    if section.begins_page:
        yield PageBreak()
    yield _paragraph(section.title, HEADING)
    for block in section.blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[Flowable]:
    match block:
        case Figures(facts):
            yield _figures(facts)
        case Picture(description=description):
            note = _paragraph(description, NOTE)
            yield KeepTogether([Spacer(0, 4), Drawing(block), note])
        case Table():
            yield from _table(block)
        case Text(text):
            yield _paragraph(text, NOTE)


def _about(facts: tuple[Fact, ...]) -> Flowable:
    rows = [[_paragraph(one.name, NAME), _paragraph(one.value, PLAIN_TEXT)] for one in facts]
    style: list[Command] = [("VALIGN", (0, 0), (-1, -1), "TOP"), *_padding(0.5, 0)]
    return Grid(rows, colWidths=[64, WIDTH - 64], style=style, hAlign="LEFT")


def _figures(facts: tuple[Fact, ...]) -> Flowable:
    cells = [[_paragraph(one.name, NAME), _paragraph(one.value, FIGURE)] for one in facts]
    cells += [[] for _ in range(-len(cells) % IN_A_ROW)]
    rows = [cells[at : at + IN_A_ROW] for at in range(0, len(cells), IN_A_ROW)]
    style: list[Command] = [
        ("BACKGROUND", (0, 0), (-1, -1), HexColor(palette.SHADE)),
        ("INNERGRID", (0, 0), (-1, -1), 3, HexColor(palette.PAPER)),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        *_padding(4, 6),
    ]
    return Grid(rows, colWidths=[WIDTH / IN_A_ROW] * IN_A_ROW, style=style)


def _table(table: Table) -> Iterator[Flowable]:
    if table.title:
        yield _paragraph(table.title, CAPTION)
    if table.rows:
        yield _grid(table)
    if table.note:
        yield _paragraph(table.note, NOTE)


def _grid(table: Table) -> Flowable:
    head = [written(column.title) for column in table.columns]
    rows = [_row(table, row) for row in table.rows]
    style: list[Command] = [
        ("FONT", (0, 0), (-1, -1), PLAIN, 7, 8.8),
        ("FONT", (0, 0), (-1, 0), BOLD, 7, 8.8),
        ("TEXTCOLOR", (0, 0), (-1, 0), MUTED),
        ("TEXTCOLOR", (0, 1), (-1, -1), HexColor(palette.INK)),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        *_padding(1.6, 4),
        *_sides(table),
        *_tones(table.rows),
    ]
    widths = [WIDTH * column.share for column in table.columns]
    return Grid([head, *rows], colWidths=widths, style=style, repeatRows=1)


def _row(table: Table, row: Row) -> list[object]:
    """Wrap what may be long; numbers in narrow columns are drawn as they are, which is faster."""
    return [
        written(cell.text)
        if column.share < NARROW
        else _paragraph(cell.text, NUMBER if column.align is Align.RIGHT else CELL)
        for column, cell in zip(table.columns, row, strict=True)
    ]


def _sides(table: Table) -> Iterator[Command]:
    for place, column in enumerate(table.columns):
        if column.align is Align.RIGHT:
            yield ("ALIGN", (place, 0), (place, -1), "RIGHT")


def _tones(rows: tuple[Row, ...]) -> Iterator[Command]:
    for down, row in enumerate(rows, 1):
        for across, cell in enumerate(row):
            if step := palette.step(cell.tone):
                place = (across, down)
                yield ("BACKGROUND", place, place, HexColor(palette.background(step)))


def _padding(upright: float, across: float) -> tuple[Command, ...]:
    sides = {"TOP": upright, "BOTTOM": upright, "LEFT": across, "RIGHT": across}
    return tuple((f"{side}PADDING", (0, 0), (-1, -1), value) for side, value in sides.items())


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(written(text)), style)
