"""JSON: what the table is of, and its rows as objects. Exact numbers are texts, as in our JSON."""

from decimal import Decimal

import orjson

from quarterdeck_server.analytics.reports.sheet import Sheet
from quarterdeck_server.kernel.money import trimmed
from quarterdeck_server.kernel.time import text_from_ns


def render(sheet: Sheet) -> bytes:
    """Write a table."""
    names = sheet.names
    rows = [dict(zip(names, row, strict=True)) for row in sheet.rows(text_from_ns)]
    content = {"table": sheet.name, "about": sheet.facts, "rows": rows}
    return orjson.dumps(content, default=_exact, option=orjson.OPT_APPEND_NEWLINE)


def _exact(value: object) -> str:
    if isinstance(value, Decimal):
        return format(trimmed(value), "f")
    raise TypeError(f"no value of a table: {type(value)}")
