"""CSV (RFC 4180): numbers so that reading them gives back the same ones, absent values empty."""

import csv
import io
from datetime import datetime
from decimal import Decimal

from quarterdeck_server.analytics.reports.sheet import Sheet, Value


def render(sheet: Sheet) -> bytes:
    """Write a table; what it is of has no place in a CSV file."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(sheet.names)
    writer.writerows([_written(value) for value in row] for row in sheet.rows())
    return target.getvalue().encode()


def _written(value: Value) -> object:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return repr(value)
        case datetime():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case _:
            return value
