"""Days on the wire: calendar dates in requests, days since 1970-01-01 in columns."""

from datetime import date, timedelta
from typing import Literal, Protocol

from google.type.date_pb2 import Date

from quarterdeck_server.kernel.errors import InvalidField

EPOCH = date(1970, 1, 1)


class Dated(Protocol):
    """A request for a range of days."""

    @property
    def start_date(self) -> Date:
        """The inclusive start."""

    @property
    def end_date(self) -> Date:
        """The end; each contract says whether it is included."""

    def HasField(self, name: Literal["start_date", "end_date"], /) -> bool:  # noqa: N802 - theirs
        """Tell whether a day is given."""


def day_from(message: Date, field: str) -> int:
    """Read a whole date."""
    try:
        return (date(message.year, message.month, message.day) - EPOCH).days
    except ValueError as error:
        raise InvalidField(field, "must be a whole date of the calendar") from error


def closed_range_from(request: Dated) -> tuple[int | None, int | None]:
    """Read a range of days that includes its end; what is absent is nothing."""
    start, end = _both(request)
    if start is not None and end is not None and end < start:
        raise InvalidField("end_date", "must not be before start_date")
    return start, end


def half_open_range_from(request: Dated, first: int, last: int) -> tuple[int, int]:
    """Read a range of days that does not include its end, from ``first`` to ``last`` if absent."""
    start, end = _both(request)
    start, end = first if start is None else start, last if end is None else end
    if end <= start:
        raise InvalidField("end_date", "must be after start_date")
    return start, end


def _both(request: Dated) -> tuple[int | None, int | None]:
    start = day_from(request.start_date, "start_date") if request.HasField("start_date") else None
    end = day_from(request.end_date, "end_date") if request.HasField("end_date") else None
    return start, end


def day_to(day: int | None) -> Date | None:
    """Write a date; nothing stays nothing."""
    if day is None:
        return None
    value = EPOCH + timedelta(days=day)
    return Date(year=value.year, month=value.month, day=value.day)
