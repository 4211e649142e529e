"""JSON: what the table is of, and its rows as objects. Exact numbers are texts, as in our JSON."""

from decimal import Decimal

import orjson

from quarterdeck_server.analytics.reports.sheet import Sheet


def render(sheet: Sheet) -> bytes:
    """Write a table."""
    names = sheet.names
    about = {fact.name.lower().replace(" ", "_"): fact.value for fact in sheet.about}
    rows = [dict(zip(names, row, strict=True)) for row in sheet.rows()]
    content = {"table": sheet.name, "about": about, "rows": rows}
    return orjson.dumps(content, default=_exact, option=orjson.OPT_APPEND_NEWLINE)


def _exact(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"no value of a table: {type(value)}")
