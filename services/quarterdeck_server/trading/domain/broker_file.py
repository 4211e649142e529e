"""A broker's statement as a file: rows of positions, fills, orders and cash. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.money import currency_code
from quarterdeck_server.kernel.sheet import Row, rows
from quarterdeck_server.trading.domain.statement import (
    ALWAYS_NS,
    Coverage,
    Item,
    Statement,
    Subject,
    Terms,
)

FIELD = "statement.csv"
MOST_ROWS = 10_000
REQUIRED = ("record", "account", "quantity")
COLUMNS = (*REQUIRED, "instrument", "currency", "price", "trade_id", "order_id", "time")
_SUBJECTS = {subject.name.lower(): subject for subject in Subject}


@dataclass(frozen=True, slots=True)
class Declared:
    """What a file is said to be complete for; what is empty, its rows tell."""

    accounts: frozenset[str] = frozenset()
    subjects: frozenset[Subject] = frozenset()
    start_ns: int | None = None
    end_ns: int | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    item: Item
    terms: Terms
    time_ns: int | None


def read_statement(broker: str, content: str, declared: Declared) -> Statement:
    """Read a file; fails with SheetInvalid for the first row that cannot be read."""
    lines = list(_lines(rows(FIELD, content, REQUIRED, COLUMNS, MOST_ROWS)))
    named = frozenset(line.item.account for line in lines)
    coverage = Coverage(
        accounts=declared.accounts or named,
        subjects=declared.subjects or frozenset(line.item.subject for line in lines),
        within_ns=_within(lines, declared),
    )
    items = {line.item: line.terms for line in lines if line.item.account in coverage.accounts}
    return Statement(broker, coverage, items)


def _lines(file: Iterable[Row]) -> Iterator[_Line]:
    seen: dict[Item, int] = {}
    for row in file:
        line = _line(row)
        if (first := seen.setdefault(line.item, row.number)) != row.number:
            raise row.refused("record", f"was told in row {first} already")
        yield line


def _line(row: Row) -> _Line:
    subject = _SUBJECTS.get(row.text("record"))
    if subject is None:
        raise row.refused("record", f"must be one of {', '.join(_SUBJECTS)}")
    held = Terms(row.number_of("quantity"), row.optional_number("price"))
    if subject is Subject.CASH:
        item = Item(subject, row.text("account"), currency=_currency(row))
        return _Line(item, Terms(held.quantity), None)
    item = Item(
        subject, row.text("account"), instrument=row.text("instrument"), reference=_id(row, subject)
    )
    if subject is Subject.POSITION:
        # What a broker calls the average price holds fees or not, by its own rules.
        return _Line(item, Terms(held.quantity), None)
    return _Line(item, held, row.time_ns("time") if subject is Subject.FILL else None)


def _id(row: Row, subject: Subject) -> str:
    match subject:
        case Subject.FILL:
            return row.text("trade_id")
        case Subject.ORDER:
            return row.text("order_id")
        case _:
            return ""


def _currency(row: Row) -> str:
    try:
        return currency_code("currency", row.text("currency"))
    except InvalidField as error:
        if error.field != "currency":
            raise
        raise row.refused("currency", error.problem) from error


def _within(lines: Iterable[_Line], declared: Declared) -> tuple[int, int]:
    times = [line.time_ns for line in lines if line.time_ns is not None]
    start = declared.start_ns if declared.start_ns is not None else min(times, default=0)
    end = declared.end_ns if declared.end_ns is not None else max(times, default=-1) + 1
    return (start, max(start, min(end, ALWAYS_NS[1])))
