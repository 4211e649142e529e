"""Prints when markets are open: ``python -m quarterdeck_server.marketdata.sessions``.

A program of its own, since the library of calendars takes a second and 70 MB to load, which a
server need not carry for the rest of its life. Takes the first and the last day and the codes;
writes a JSON object by code: the sessions, each an opening and a close in nanoseconds since the
Unix epoch, and up to when they are known. A calendar without any is left out, and told on stderr.
"""

import json
import sys
from collections.abc import Iterator

import exchange_calendars
import pandas as pd

type Calendar = exchange_calendars.ExchangeCalendar


def main(arguments: list[str]) -> None:
    """Write the sessions of the calendars that are asked for."""
    first, last, *codes = arguments
    found = {}
    for code in codes:
        try:
            found[code] = hours(code, first, last)
        except ValueError as error:
            sys.stderr.write(f"{error}\n")
    sys.stdout.write(json.dumps(found))


def hours(code: str, first: str, last: str) -> dict[str, object]:
    """Return the sessions of an exchange. Some have their holidays for this year only."""
    try:
        calendar = exchange_calendars.get_calendar(code, start=first, end=last)
        end = pd.Timestamp(last)
    except ValueError:
        calendar = exchange_calendars.get_calendar(code, start=first)
        end = min(calendar.last_session, pd.Timestamp(last)) + pd.Timedelta(days=1)
    return {"sessions": list(sessions(calendar)), "until": end.value}


def sessions(calendar: Calendar) -> Iterator[tuple[int, int]]:
    """Return when it is open; a break at noon makes two sessions of one day."""
    for row in calendar.schedule.itertuples():
        if pd.isna(row.break_start):
            yield row.open.value, row.close.value
        else:
            yield row.open.value, row.break_start.value
            yield row.break_end.value, row.close.value


if __name__ == "__main__":
    main(sys.argv[1:])
