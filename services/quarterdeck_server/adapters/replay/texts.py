"""Numbers and times that are written as text."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np

from quarterdeck_server.adapters.replay.calendar import close_of
from quarterdeck_server.kernel.time import ns_from_datetime
from quarterdeck_server.marketdata.domain.columns import Floats, Ints

LAST_YEAR = 2261
EPOCH = date(1970, 1, 1).toordinal()
DATE_LENGTH = len("2004-01-02")


class Unreadable(ValueError):
    """A text that is not what its column holds, and its row."""

    def __init__(self, row: int, problem: str) -> None:
        super().__init__(problem)
        self.row, self.problem = row, problem


def numbers(texts: Sequence[str]) -> Floats:
    """Read a column of numbers; the whole column at once if all are good."""
    try:
        return np.array(texts, dtype=np.str_).astype(np.float64)
    except ValueError:
        return np.array([_number(row, text) for row, text in enumerate(texts)], dtype=np.float64)


def times(texts: Sequence[str]) -> Ints:
    """Read a column of times: ISO 8601, UTC unless it says otherwise; a date is its close."""
    return np.array([_time(row, text) for row, text in enumerate(texts)], dtype=np.int64)


def _number(row: int, text: str) -> float:
    if not text.strip():
        raise Unreadable(row, "is empty")
    try:
        return float(text)
    except ValueError as error:
        raise Unreadable(row, f"must be a number, was {text!r}") from error


def _time(row: int, text: str) -> int:
    plain = text.strip()
    try:
        if len(plain) == DATE_LENGTH:
            moment = date.fromisoformat(plain)
            ns = close_of(moment.toordinal() - EPOCH)
        else:
            exact = datetime.fromisoformat(plain)
            moment = exact if exact.tzinfo else exact.replace(tzinfo=UTC)
            ns = ns_from_datetime(moment)
    except ValueError as error:
        problem = f"must be a date such as 2004-01-02 or a time in ISO 8601, was {text!r}"
        raise Unreadable(row, problem) from error
    if moment.year > LAST_YEAR:
        raise Unreadable(row, f"must be before {LAST_YEAR + 1}, was {text!r}")
    return ns
