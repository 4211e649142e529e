"""Prints when markets are open: ``python -m quarterdeck_server.marketdata.sessions``.

A program of its own, since the library of calendars takes a second and 70 MB to load, which a
server need not carry for the rest of its life. Takes the first and the last day and the codes;
writes a JSON object of sessions by code, each an opening and a close in nanoseconds since the Unix
epoch.
"""

import json
import sys
from collections.abc import Iterator

import exchange_calendars
import pandas as pd


def main(arguments: list[str]) -> None:
    """Write the sessions of the calendars that are asked for."""
    first, last, *codes = arguments
    found = {code: list(sessions(code, first, last)) for code in codes}
    sys.stdout.write(json.dumps(found))


def sessions(code: str, first: str, last: str) -> Iterator[tuple[int, int]]:
    """Return the sessions of an exchange; a break at noon makes two of one day."""
    calendar = exchange_calendars.get_calendar(code, start=first, end=last)
    for row in calendar.schedule.itertuples():
        if pd.isna(row.break_start):
            yield row.open.value, row.close.value
        else:
            yield row.open.value, row.break_start.value
            yield row.break_end.value, row.close.value


if __name__ == "__main__":
    main(sys.argv[1:])
